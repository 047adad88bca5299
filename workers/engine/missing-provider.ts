import type { Device } from '../../src/networks/runtime/device.ts';
import { ownCommand } from '../../src/process/own-command.ts';

/** What ONNX Runtime says where a provider's library, or one of those that it needs, is not there. */
const notLoaded = /Failed to load (?:shared )?library|no available backend|cannot open shared object/i;

/**
 * The error of loading a checkpoint, with what to do where the device's provider is missing. It is never
 * replaced by the CPU.
 */
export function explainMissingProvider(error: unknown, device: Device): unknown {
  if (device === 'cpu' || !(error instanceof Error) || !notLoaded.test(error.message)) return error;
  const what = device === 'webgpu' ? 'WebGPU' : 'CUDA';
  return new Error(
    `DEVICE=${device}: ONNX Runtime's ${what} provider cannot be loaded here (${error.message}); \`${ownCommand('models doctor')}\` says what is missing`,
    { cause: error },
  );
}
