/**
 * `node workers/look-for-cuda.ts BYTES`: whether CUDA can be used here, and which devices have that much
 * memory free; the answer is a line of JSON. A process of its own: what is wrong with a driver may end it.
 */
import { cudaDevices } from '../src/networks/runtime/cuda/cuda-devices.ts';
import { loadLibrary } from '../src/networks/runtime/library.ts';
import { createSessionOptions } from '../src/networks/runtime/session-options.ts';
import { type CudaAnswer, unusable, usableDevices } from './supervisor/devices/choose-device.ts';

function look(bytes: number): CudaAnswer {
  const found = usableDevices(cudaDevices(), bytes);
  const [first] = found.usable;
  if (first === undefined) return found;
  // Loads the provider, which needs more than CUDA's runtime does.
  const library = loadLibrary();
  library.api.ReleaseSessionOptions(createSessionOptions(library, { device: first.device }));
  return found;
}

let answer: CudaAnswer;
try {
  answer = look(Number(process.argv[2]));
} catch (error) {
  answer = unusable((error as Error).message);
}
process.stdout.write(`${JSON.stringify(answer)}\n`);
