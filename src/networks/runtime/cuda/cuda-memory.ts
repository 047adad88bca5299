import { written } from '../c-memory.ts';
import { check, onDevice } from './cuda-runtime.ts';

/**
 * A device's memory outside of ONNX Runtime's arena: what must keep its address and its content from run to
 * run, as the buffers of a CUDA graph and weights that several sessions use. In an arena it could come to lie
 * where a graph that was captured before has its intermediate values, which a replay writes over.
 */
export interface CudaMemory {
  readonly address: bigint;
  readonly bytes: number;
  /** Copies an array to so many bytes from the beginning of it. @throws Error of the CUDA runtime. */
  write(source: ArrayBufferView, offset?: number): void;
  /** Fills an array from the beginning of it. @throws Error of the CUDA runtime. */
  read(target: ArrayBufferView): void;
  /** Nothing may use it afterwards. */
  free(): void;
}

/** cudaMemcpyKind. */
const [toDevice, toHost] = [1, 2];

/** @throws Error of the CUDA runtime, or where it cannot be loaded. */
export function allocateCuda(index: number, bytes: number): CudaMemory {
  const cuda = onDevice(index);
  const address = written<bigint>((out) => check(cuda, cuda.cudaMalloc(out, bytes)));
  const requireRoom = ({ byteLength }: ArrayBufferView, offset = 0): void => {
    if (offset + byteLength > bytes)
      throw new Error(`${byteLength} bytes at ${offset} do not fit into ${bytes} of the device`);
  };
  let isFreed = false;
  return {
    address,
    bytes,
    write: (source, offset = 0) => {
      requireRoom(source, offset);
      const target = address + BigInt(offset);
      check(cuda, onDevice(index).cudaMemcpy(target, source, source.byteLength, toDevice!));
    },
    read: (target) => {
      requireRoom(target);
      check(cuda, onDevice(index).cudaMemcpy(target, address, target.byteLength, toHost!));
    },
    free: () => {
      if (isFreed) return;
      isFreed = true;
      check(cuda, onDevice(index).cudaFree(address));
    },
  };
}

/** Bytes of a device: free for everybody now, and in all. */
export function cudaMemoryInfo(index: number): { readonly free: number; readonly total: number } {
  const cuda = onDevice(index);
  const [free, total] = [new BigUint64Array(1), new BigUint64Array(1)];
  check(cuda, cuda.cudaMemGetInfo(free, total));
  return { free: Number(free[0]), total: Number(total[0]) };
}
