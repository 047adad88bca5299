import koffi from 'koffi';

/** Functions of CUDA's runtime; an int that they answer is an error's code, 0 for none. */
export interface CudaRuntime {
  cudaDriverGetVersion(version: Int32Array): number;
  cudaRuntimeGetVersion(version: Int32Array): number;
  cudaGetDeviceCount(count: Int32Array): number;
  cudaGetDeviceProperties(properties: Uint8Array, index: number): number;
  cudaDeviceGetAttribute(value: Int32Array, attribute: number, index: number): number;
  cudaSetDevice(index: number): number;
  cudaMalloc(address: BigUint64Array, bytes: number): number;
  cudaFree(address: bigint): number;
  cudaMallocHost(address: BigUint64Array, bytes: number): number;
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
  cudaDriverGetVersion: ['int', ['void *']],
  cudaRuntimeGetVersion: ['int', ['void *']],
  cudaGetDeviceCount: ['int', ['void *']],
  cudaGetDeviceProperties: ['int', ['void *', 'int']],
  cudaDeviceGetAttribute: ['int', ['void *', 'int', 'int']],
  cudaSetDevice: ['int', ['int']],
  cudaMalloc: ['int', ['void *', 'size_t']],
  cudaFree: ['int', ['void *']],
  cudaMallocHost: ['int', ['void *', 'size_t']],
  cudaMemcpy: ['int', ['void *', 'void *', 'size_t', 'int']],
  cudaMemGetInfo: ['int', ['void *', 'void *']],
  cudaGetErrorString: ['str', ['int']],
};

/** The CUDA provider's own, which is loaded by then; of CUDA 13, or 12. */
const libraryNames = ['libcudart.so.13', 'libcudart.so.12'];

let runtime: CudaRuntime | undefined;

/** @throws Error naming the libraries where none of them can be loaded. */
export function cudaRuntime(): CudaRuntime {
  runtime ??= load();
  return runtime;
}

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

/** Which device is meant is a matter of the calling thread. */
export function onDevice(index: number): CudaRuntime {
  const cuda = cudaRuntime();
  check(cuda, cuda.cudaSetDevice(index));
  return cuda;
}

/** @throws Error of the CUDA runtime where a code is none of success. */
export function check(cuda: CudaRuntime, code: number): void {
  // In ONNX Runtime's own words (core/providers/cuda/cuda_call.cc), so that one reader understands both.
  if (code !== 0) throw new Error(`CUDA failure ${code}: ${cuda.cudaGetErrorString(code)}`);
}
