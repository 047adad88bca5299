import type { InferenceSession } from 'onnxruntime-node';
import type { Device } from './device.ts';

/**
 * ONNX Runtime's name for a device. Only the one: what the device cannot compute is an error, never a silent
 * CPU run.
 */
export function executionProviders(device: Device): InferenceSession.ExecutionProviderConfig[] {
  if (device === 'cpu' || device === 'webgpu') return [device];
  return [{ name: 'cuda', deviceId: Number(device.slice('cuda:'.length)) }];
}
