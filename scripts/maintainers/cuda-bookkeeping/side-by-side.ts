import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { writeTinyCheckpoints } from '../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { networkLoaders } from '../../../src/installation/load-models.ts';
import { createNetworkPool } from '../../../src/installation/network-pool.ts';
import { openLocation } from '../../../src/installation/open-model.ts';
import { openCudaArena } from '../../../src/networks/runtime/cuda/cuda-arena.ts';
import { cudaMemoryInfo } from '../../../src/networks/runtime/cuda/cuda-memory.ts';
import { cudaWeights } from '../../../src/networks/runtime/cuda/cuda-weights.ts';
import { openInTurn, openTogether } from '../../../src/networks/runtime/open-all.ts';
import { createWeightCopier } from '../../../src/networks/runtime/weights/copy-weights.ts';
import { createSharedWeights } from '../../../src/networks/runtime/weights/shared-weights.ts';
import type { Findings, Mark } from './calls.ts';

/**
 * All networks of two checkpoints, which cannot run here for want of cuDNN: what loading them takes of the
 * device.
 */
export async function networksSideBySide(mark: Mark): Promise<Findings> {
  const directory = mkdtempSync(path.join(tmpdir(), 'cuda-bookkeeping-'));
  const { base, refiner } = await writeTinyCheckpoints(directory);
  const arena = await openCudaArena(0);
  const copier = createWeightCopier(cudaWeights(0));
  const checkpoints = [await openLocation(base), await openLocation(refiner)];
  const before = cudaMemoryInfo(0).free;
  const taken = () => before - cudaMemoryInfo(0).free;
  const load = async (openAll: typeof openTogether | typeof openInTurn): Promise<number> => {
    const weights = createSharedWeights(copier);
    const pool = createNetworkPool();
    const options = { device: 'cuda:0', vaePrecision: 'float16', weights } as const;
    const networks = await openAll(
      checkpoints.flatMap((checkpoint) => {
        const { textEncoders, unet, vaeEncoder, vaeDecoder } = networkLoaders(checkpoint, options, { pool });
        return [...textEncoders, unet, vaeEncoder, vaeDecoder];
      }),
    );
    const bytes = taken();
    for (const network of networks) await network.release();
    return bytes;
  };
  // The memory that weights are copied through stays.
  await load(openInTurn);
  mark('in turn');
  const inTurn = await load(openInTurn);
  mark('side by side');
  const sideBySide = await load(openTogether);
  mark('end');
  const left = taken();
  await arena.release();
  rmSync(directory, { recursive: true });
  return { inTurn, sideBySide, left };
}
