import type { UnetConfig } from '../../../src/checkpoints/configs/unet-config.ts';

/**
 * Floating-point operations of one guided step (two samples) of SDXL's base UNet at 1024 x 1024,
 * multiplications and additions counted apart: 2 x 2 x (0.812 T in convolutions, 2.177 T in linear layers,
 * 0.392 T in attention), from the published config.
 */
export const guidedStepOperations = 13.52e12;

/** Whether guidedStepOperations is what a step of this UNet takes. */
export function isPublishedStep(
  { block_out_channels: channels, cross_attention_dim: context }: UnetConfig,
  side: number,
): boolean {
  return side === 1024 && String(channels) === '320,640,1280' && context === 2048;
}

/**
 * Dense float16 operations per second of tensor cores that add in float32, as NVIDIA's data sheets have them.
 */
const peaks: readonly (readonly [name: RegExp, perSecond: number])[] = [
  [/H[12]00/, 989.4e12],
  [/A100/, 312e12],
  [/L40S/, 362e12],
  [/RTX 4090/, 165.2e12],
  [/A10\b/, 125e12],
];

/** Of a device by its name; undefined where it is not known. */
export function peakOf(device: string): number | undefined {
  return peaks.find(([name]) => name.test(device))?.[1];
}
