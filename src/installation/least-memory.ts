import { cudaUnetBytes } from './model-facts.ts';
import { openUnmerged } from './open-model.ts';
import { servableModels } from './servable-models.ts';

/** CUDA's context, cuDNN's workspaces and the activations of the smallest plan; an estimate. */
const workBytes = 2 * 2 ** 30;

/**
 * Device memory without which a worker cannot serve these models at all: the largest of their UNets and what
 * it works in; everything else can be elsewhere or come in turn.
 * @throws Error as servableModels.
 */
export async function leastCudaBytes(modelsDir: string, serveModels: readonly string[]): Promise<number> {
  const { installation } = await servableModels(modelsDir, serveModels);
  const sizes: number[] = [];
  for (const model of new Set(installation.values())) sizes.push(cudaUnetBytes(await openUnmerged(model)));
  return Math.max(0, ...sizes) + workBytes;
}
