import koffi from 'koffi';
import { loadLibrary } from '../library.ts';
import { placeOf, valueOverDevice } from '../tensor-values.ts';
import type { WeightDevice } from '../weights/weight-memory.ts';
import { allocateCuda } from './cuda-memory.ts';
import { onDevice } from './cuda-runtime.ts';
import { cudaTurns } from './cuda-turns.ts';

/** Weights on a CUDA device. Its provider must have been loaded. */
export function cudaWeights(index: number): WeightDevice {
  return {
    allocate: (bytes) => {
      const memory = allocateCuda(index, bytes);
      return {
        bytes,
        write: memory.write,
        value: (offset, type, shape) =>
          valueOverDevice(loadLibrary(), placeOf(index), memory.address + BigInt(offset), type, shape),
        free: memory.free,
      };
    },
    staging: (bytes) => pinned(index, bytes) ?? new Uint8Array(bytes),
    turn: (work) => cudaTurns.shared(work),
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
