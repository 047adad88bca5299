import type { Precision } from '../graphs/graph.ts';
import { memoryNeeds, planUse } from './memory/memory-needs.ts';
import { plansFor } from './memory/memory-plans.ts';
import { cudaUnetBytes, loadedBytes } from './model-facts.ts';
import { type OpenedModel, openUnmerged } from './open-model.ts';
import { servableModels } from './servable-models.ts';

/** What of a worker's configuration decides how much memory it needs at least. */
export interface LeastMemoryOptions {
  readonly vaePrecision: Precision;
  readonly vaeTiling: 'auto' | 'on' | 'off';
  readonly deterministic: boolean;
  readonly engineBatch: number;
}

/**
 * Device memory without which a worker cannot serve these models at all: what the smallest plan takes for the
 * one with the largest UNet, as everything else can be elsewhere or come in turn.
 * @throws Error as servableModels.
 */
export async function leastCudaBytes(
  modelsDir: string,
  serveModels: readonly string[],
  { engineBatch: batch, vaeTiling, ...choices }: LeastMemoryOptions,
): Promise<number> {
  const { installation } = await servableModels(modelsDir, serveModels);
  let largest: OpenedModel | undefined;
  for (const model of new Set(installation.values())) {
    const opened = await openUnmerged(model);
    if (largest === undefined || cudaUnetBytes(opened) > cudaUnetBytes(largest)) largest = opened;
  }
  if (largest === undefined) return 0;
  const options = { ...choices, batch, encodes: true };
  const needs = await memoryNeeds([largest], options, (model) => loadedBytes(model, 'cuda'));
  return planUse(needs, plansFor(needs.unets, vaeTiling).slice(-1))[0]!.use.total;
}
