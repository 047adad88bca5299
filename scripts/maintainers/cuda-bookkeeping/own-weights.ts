import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Checkpoint } from '../../../src/checkpoints/checkpoint.ts';
import { openCheckpoint } from '../../../src/checkpoints/open-checkpoint.ts';
import { writeTinyCheckpoints } from '../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { openCudaArena } from '../../../src/networks/runtime/cuda/cuda-arena.ts';
import { cudaMemoryInfo } from '../../../src/networks/runtime/cuda/cuda-memory.ts';
import { cudaWeights } from '../../../src/networks/runtime/cuda/cuda-weights.ts';
import { createWeightCopier } from '../../../src/networks/runtime/weights/copy-weights.ts';
import type { OwnWeights } from '../../../src/networks/runtime/weights/own-weights.ts';
import { createSharedWeights } from '../../../src/networks/runtime/weights/shared-weights.ts';
import { createWeightSeat } from '../../../src/networks/runtime/weights/weight-seat.ts';
import { openUnet } from '../../../src/networks/unet.ts';
import type { Findings, Mark } from './calls.ts';

/**
 * Whole UNets, which cannot run here for want of cuDNN: what is seen is that the provider takes every weight
 * as it is given, and what is copied when.
 */
export async function unetsInOwnMemory(mark: Mark): Promise<Findings> {
  const directory = mkdtempSync(path.join(tmpdir(), 'cuda-bookkeeping-'));
  const checkpoints: Checkpoint[] = [];
  for (const seed of [0, 7])
    checkpoints.push(
      await openCheckpoint((await writeTinyCheckpoints(path.join(directory, String(seed)), { seed })).base),
    );
  const [base, other] = checkpoints as [Checkpoint, Checkpoint];
  const arena = await openCudaArena(0);
  const open = ({ unet }: Checkpoint, weights?: OwnWeights) =>
    openUnet(unet, { device: 'cuda:0', timeIdCount: 6, ...(weights && { weights }) });
  const before = cudaMemoryInfo(0).free;
  const taken = () => before - cudaMemoryInfo(0).free;

  mark('sessions of their own');
  const plain = [await open(base), await open(other)];
  const own = taken();
  for (const unet of plain) await unet.release();
  const copier = createWeightCopier(cudaWeights(0));
  const shared = createSharedWeights(copier);
  mark('shared');
  const first = await open(base, shared);
  const one = taken();
  mark('shared again');
  const second = await open(base, shared);
  const more = taken() - one;
  for (const unet of [first, second]) await unet.release();
  const seat = createWeightSeat(copier);
  mark('seat');
  const seated = [await open(base, seat)];
  const alone = taken();
  mark('exchange');
  seated.push(await open(other, seat));
  mark('end');
  const both = taken();
  for (const unet of seated) await unet.release();
  const left = taken();
  await arena.release();
  rmSync(directory, { recursive: true });
  return { own, one, more, alone, both, left };
}
