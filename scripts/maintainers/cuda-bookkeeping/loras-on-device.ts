import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Checkpoint } from '../../../src/checkpoints/checkpoint.ts';
import { mergeLorasLater } from '../../../src/checkpoints/loras/merge-loras.ts';
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

/** A LoRA that is added to a UNet's weights on the device: what is copied and allocated for it, and when. */
export async function lorasOnDevice(mark: Mark): Promise<Findings> {
  const directory = mkdtempSync(path.join(tmpdir(), 'cuda-bookkeeping-'));
  const plain = await openCheckpoint((await writeTinyCheckpoints(directory)).base);
  const oracles = path.join(import.meta.dirname, '../../../src/checkpoints/loras/oracles');
  const file = path.join(oracles, 'kohya-original.safetensors');
  const merged = await mergeLorasLater(plain, [{ file, weight: 0.7 }], path.join(directory, 'side'), 'F16');
  const waiting = [...merged.unet.tensors.values()].flatMap(({ pending }) => pending ?? []);
  const touched = waiting.reduce((sum, { onto }) => sum + onto.byteLength, 0);
  /** As float32. */
  const factors = waiting
    .flatMap(({ products }) => products.flatMap(({ up, down }) => [up, down]))
    .reduce((sum, { shape }) => sum + 4 * shape.reduce((all, side) => all * side, 1), 0);
  const arena = await openCudaArena(0);
  const open = ({ unet }: Checkpoint, weights: OwnWeights) =>
    openUnet(unet, { device: 'cuda:0', timeIdCount: 6, weights });
  const copier = createWeightCopier(cudaWeights(0));

  const shared = createSharedWeights(copier);
  const base = await open(plain, shared);
  const free = cudaMemoryInfo(0).free;
  mark('variant');
  const variant = await open(merged, shared);
  mark('again');
  const again = await open(merged, shared);
  const taken = free - cudaMemoryInfo(0).free;
  mark('between');
  for (const unet of [base, variant, again]) await unet.release();
  const seat = createWeightSeat(copier);
  const seated = [await open(plain, seat)];
  mark('into the seat');
  seated.push(await open(merged, seat));
  mark('out of it');
  seated.push(await open(plain, seat));
  mark('end');
  for (const unet of seated) await unet.release();
  await arena.release();
  rmSync(directory, { recursive: true });
  return { count: waiting.length, touched, factors, taken };
}
