import { written } from '../c-memory.ts';
import { loadLibrary } from '../library.ts';
import { openCudaLibraries } from './cuda-libraries.ts';
import { cudaMemoryInfo } from './cuda-memory.ts';
import { check, cudaRuntime, onDevice } from './cuda-runtime.ts';

export interface CudaDevice {
  readonly index: number;
  readonly name: string;
  /** "9.0". */
  readonly computeCapability: string;
  readonly freeBytes: number;
}

/** cudaDeviceAttr. */
const [capabilityMajor, capabilityMinor] = [75, 76] as const;
/**
 * cudaDeviceProp begins with 256 bytes of name; its other fields, some 1 KB, differ from release to release.
 */
const [nameBytes, propertyBytes] = [256, 2 ** 14] as const;

/**
 * The devices that CUDA's runtime, as the CUDA provider of this installation has it, sees in this process.
 * @throws Error saying which library, or what of the driver, is missing or too old.
 */
export function cudaDevices(): CudaDevice[] {
  openCudaLibraries(loadLibrary().folder);
  const cuda = cudaRuntime();
  const numberOf = (call: (out: Int32Array) => number): number => {
    const out = new Int32Array(1);
    check(cuda, call(out));
    return out[0]!;
  };
  const driver = numberOf((out) => cuda.cudaDriverGetVersion(out));
  const runtime = numberOf((out) => cuda.cudaRuntimeGetVersion(out));
  if (driver === 0) throw new Error('there is no NVIDIA driver');
  if (Math.floor(driver / 1000) < Math.floor(runtime / 1000))
    throw new Error(
      `the NVIDIA driver knows CUDA ${release(driver)} and the libraries are of CUDA ${release(runtime)}: a newer driver is needed (580 for CUDA 13)`,
    );
  return Array.from({ length: numberOf((out) => cuda.cudaGetDeviceCount(out)) }, (_, index) => {
    const capability = [capabilityMajor, capabilityMinor].map((attribute) =>
      numberOf((out) => cuda.cudaDeviceGetAttribute(out, attribute, index)),
    );
    const properties = new Uint8Array(propertyBytes);
    check(cuda, cuda.cudaGetDeviceProperties(properties, index));
    const total = new BigUint64Array(1);
    const free = written<bigint>((out) => check(cuda, onDevice(index).cudaMemGetInfo(out, total)));
    const name = Buffer.from(properties.subarray(0, nameBytes)).toString('utf8').split('\0')[0]!;
    return { index, name, computeCapability: capability.join('.'), freeBytes: Number(free) };
  });
}

/**
 * Bytes of a device, before anything is opened on it: free for everybody now, and in all.
 * @throws Error of the CUDA runtime, or where it cannot be loaded.
 */
export function cudaDeviceMemory(index: number): { readonly free: number; readonly total: number } {
  openCudaLibraries(loadLibrary().folder);
  return cudaMemoryInfo(index);
}

/** 13000 -> "13.0". */
function release(version: number): string {
  return `${Math.floor(version / 1000)}.${Math.floor((version % 1000) / 10)}`;
}
