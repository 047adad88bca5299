import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Checkpoint } from '../../../src/checkpoints/checkpoint.ts';
import { openCheckpoint } from '../../../src/checkpoints/open-checkpoint.ts';
import { writeTinyCheckpoints } from '../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { networkLoaders } from '../../../src/installation/load-models.ts';
import { createDeviceLayout } from '../../../src/installation/memory/device-layout.ts';
import { largestUnet, memoryNeeds, planUse } from '../../../src/installation/memory/memory-needs.ts';
import { type MemoryPlan, memoryPlans } from '../../../src/installation/memory/memory-plans.ts';
import { createNetworkPool } from '../../../src/installation/network-pool.ts';
import { openCudaArena } from '../../../src/networks/runtime/cuda/cuda-arena.ts';
import { cudaMemoryInfo } from '../../../src/networks/runtime/cuda/cuda-memory.ts';
import { cudaWeights } from '../../../src/networks/runtime/cuda/cuda-weights.ts';
import { openInTurn } from '../../../src/networks/runtime/open-all.ts';
import { createWeightCopier } from '../../../src/networks/runtime/weights/copy-weights.ts';
import { createSharedWeights } from '../../../src/networks/runtime/weights/shared-weights.ts';
import { createWeightSeat } from '../../../src/networks/runtime/weights/weight-seat.ts';
import type { Findings, Mark } from './calls.ts';

/** Five checkpoints that have nothing in common, loaded under each plan, and what the plan says they take. */
export async function fiveCheckpoints(mark: Mark): Promise<Findings> {
  const directory = mkdtempSync(path.join(tmpdir(), 'cuda-bookkeeping-'));
  const checkpoints: Checkpoint[] = [];
  for (const seed of [0, 1, 2, 3, 4]) {
    const { base } = await writeTinyCheckpoints(path.join(directory, String(seed)), { seed });
    checkpoints.push(await openCheckpoint(base));
  }
  const options = { vaePrecision: 'float16', deterministic: false } as const;
  const needs = await memoryNeeds(checkpoints, { ...options, batch: 1, encodes: true, side: 64 }, () => 0);
  const arena = await openCudaArena(0);
  const copier = createWeightCopier(cudaWeights(0));
  const device = 'cuda:0';
  const load = async (plan: MemoryPlan, loaded = checkpoints): Promise<number> => {
    const before = cudaMemoryInfo(0).free;
    const [weights, seat] = [createSharedWeights(copier), createWeightSeat(copier, largestUnet(needs))];
    const layout = createDeviceLayout({ device, plans: [plan], weights, seat });
    const places = { pool: createNetworkPool(), layout };
    const networks = await openInTurn(
      loaded.flatMap((checkpoint) => {
        const load = networkLoaders(checkpoint, { device, ...options }, places);
        return [...load.textEncoders, load.unet, load.vaeEncoder, load.vaeDecoder];
      }),
    );
    const taken = before - cudaMemoryInfo(0).free;
    for (const network of networks) await network.release();
    return taken;
  };
  // Sessions that convert weights stay.
  await load(memoryPlans[0]!, checkpoints.slice(0, 1));
  const found: Record<string, number> = {};
  mark('plans');
  // The smallest has the weights of the one before it.
  for (const { plan, use } of planUse(needs, memoryPlans.slice(0, 3))) {
    found[`${plan.name}: planned`] = use.weights;
    found[`${plan.name}: taken`] = await load(plan);
  }
  mark('end');
  await arena.release();
  rmSync(directory, { recursive: true });
  return found;
}
