import koffi from 'koffi';
import { loadLibrary } from '../library.ts';
import { placeOf, valueOverDevice } from '../tensor-values.ts';
import type { WeightDevice, WeightMemory } from '../weights/weight-memory.ts';
import { allocateCuda, type CudaMemory } from './cuda-memory.ts';
import { onDevice } from './cuda-runtime.ts';
import { cudaTurns } from './cuda-turns.ts';

/** Weights on a CUDA device. Its provider must have been loaded. */
export function cudaWeights(index: number): WeightDevice {
  return {
    name: `cuda:${index}`,
    allocate: (bytes) => weightsIn(index, allocateCuda(index, bytes)),
    staging: (bytes) => pinned(index, bytes) ?? new Uint8Array(bytes),
    turn: (work) => cudaTurns.shared(work),
  };
}

/** Memory of a device as weights lie in it. */
export function weightsIn(index: number, { address, bytes, write, free }: CudaMemory): WeightMemory {
  return {
    bytes,
    write,
    value: (offset, type, shape) =>
      valueOverDevice(loadLibrary(), placeOf(index), address + BigInt(offset), type, shape),
    free,
  };
}

/**
 * Memory that the device reads by itself, at the whole speed of the bus; out of any other the driver copies
 * first. @returns undefined where the system grants none.
 */
function pinned(index: number, bytes: number): Uint8Array | undefined {
  const out = new BigUint64Array(1);
  const code = onDevice(index).cudaMallocHost(out, bytes);
  return code === 0 && out[0] !== 0n ? new Uint8Array(koffi.view(out[0]!, bytes)) : undefined;
}
