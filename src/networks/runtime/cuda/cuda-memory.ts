import koffi from 'koffi';
import { written } from '../c-memory.ts';

/**
 * A device's memory outside of ONNX Runtime's arena: what must keep its address and its content from run to
 * run, as the buffers of a CUDA graph and weights that several sessions use. In an arena it could come to lie
 * where a graph that was captured before has its intermediate values, which a replay writes over.
 */
export interface CudaMemory {
  readonly address: bigint;
  readonly bytes: number;
  /** Copies an array to the beginning of it. @throws Error of the CUDA runtime. */
  write(source: ArrayBufferView): void;
  /** Fills an array from the beginning of it. @throws Error of the CUDA runtime. */
  read(target: ArrayBufferView): void;
  /** Nothing may use it afterwards. */
  free(): void;
}

interface CudaRuntime {
  cudaSetDevice(index: number): number;
  cudaMalloc(address: BigUint64Array, bytes: number): number;
  cudaFree(address: bigint): number;
  cudaMemcpy(
    target: bigint | ArrayBufferView,
    source: bigint | ArrayBufferView,
    bytes: number,
    kind: number,
  ): number;
  cudaMemGetInfo(free: BigUint64Array, total: BigUint64Array): number;
  cudaGetErrorString(code: number): string;
}

const prototypes: Readonly<Record<keyof CudaRuntime, readonly [result: string, parameters: string[]]>> = {
  cudaSetDevice: ['int', ['int']],
  cudaMalloc: ['int', ['void *', 'size_t']],
  cudaFree: ['int', ['void *']],
  cudaMemcpy: ['int', ['void *', 'void *', 'size_t', 'int']],
  cudaMemGetInfo: ['int', ['void *', 'void *']],
  cudaGetErrorString: ['str', ['int']],
};

/** The CUDA provider's own, which is loaded by then; of CUDA 13, or 12. */
const libraryNames = ['libcudart.so.13', 'libcudart.so.12'];

let runtime: CudaRuntime | undefined;

function load(): CudaRuntime {
  const failures: string[] = [];
  for (const name of libraryNames)
    try {
      const library = koffi.load(name);
      return Object.fromEntries(
        Object.entries(prototypes).map(([symbol, [result, parameters]]) => [
          symbol,
          library.func(symbol, result, parameters),
        ]),
      ) as unknown as CudaRuntime;
    } catch (error) {
      failures.push(`${name}: ${(error as Error).message}`);
    }
  throw new Error(`the CUDA runtime cannot be loaded: ${failures.join('; ')}`);
}

/** cudaMemcpyKind. */
const [toDevice, toHost] = [1, 2];

/** Which device is meant is a matter of the calling thread. */
function onDevice(index: number): CudaRuntime {
  runtime ??= load();
  check(runtime, runtime.cudaSetDevice(index));
  return runtime;
}

function check(cuda: CudaRuntime, code: number): void {
  // In ONNX Runtime's own words (core/providers/cuda/cuda_call.cc), so that one reader understands both.
  if (code !== 0) throw new Error(`CUDA failure ${code}: ${cuda.cudaGetErrorString(code)}`);
}

/** @throws Error of the CUDA runtime, or where it cannot be loaded. */
export function allocateCuda(index: number, bytes: number): CudaMemory {
  const cuda = onDevice(index);
  const address = written<bigint>((out) => check(cuda, cuda.cudaMalloc(out, bytes)));
  const requireRoom = ({ byteLength }: ArrayBufferView): void => {
    if (byteLength > bytes) throw new Error(`${byteLength} bytes do not fit into ${bytes} of the device`);
  };
  let isFreed = false;
  return {
    address,
    bytes,
    write: (source) => {
      requireRoom(source);
      check(cuda, onDevice(index).cudaMemcpy(address, source, source.byteLength, toDevice!));
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
