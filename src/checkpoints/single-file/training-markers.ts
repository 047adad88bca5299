import type { SafetensorsHeader } from '../safetensors/safetensors.ts';

/**
 * Tensors without values whose presence tells how the UNet was trained; ComfyUI and its descendants write and
 * read them.
 */
const velocityMarker = 'v_pred';
const zeroTerminalMarker = 'ztsnr';

export function isTrainingMarker(name: string): boolean {
  return name === velocityMarker || name === zeroTerminalMarker;
}

/**
 * Scheduler keys that follow from a single file's markers, or from the prediction type that trainers write
 * into the metadata ("v" or "epsilon", https://github.com/Stability-AI/ModelSpec).
 */
export function markedScheduler({ tensors, metadata }: SafetensorsHeader): Readonly<Record<string, unknown>> {
  const isVelocity = tensors.has(velocityMarker) || metadata['modelspec.prediction_type'] === 'v';
  return {
    ...(isVelocity ? { prediction_type: 'v_prediction' } : {}),
    ...(tensors.has(zeroTerminalMarker) ? { rescale_betas_zero_snr: true } : {}),
  };
}
