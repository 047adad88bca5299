import { clipPixels } from '../../../src/images/clip-pixels.ts';
import { JobError } from '../../../src/jobs/job-error.ts';
import { openSafetyChecker } from '../../../src/networks/safety-checker.ts';
import type { Picture } from '../../../src/pipelines/sampling/sampling.ts';

/** @throws JobError where the picture must not be shown. */
export type SafetyCheck = (picture: Picture, signal?: AbortSignal) => Promise<void>;

export const blockedPicture = 'The picture was blocked by the safety checker';

/** @param directory holds the classifier's model.onnx. @throws as openSafetyChecker does. */
export async function openSafetyCheck(directory: string): Promise<SafetyCheck> {
  const checker = await openSafetyChecker(directory);
  return async ({ pixels, width, height }, signal) => {
    const clipInput = await clipPixels(pixels, width, height);
    const image = interleaved(pixels, width, height);
    if (await checker.isUnsafe(clipInput, image, height, width, signal))
      throw new JobError(blockedPicture, { retryable: false });
  };
}

/** [3, height, width] around -1 ... 1 to [height, width, 3] in 0 ... 1. */
function interleaved(pixels: Float32Array, width: number, height: number): Float32Array {
  const area = width * height;
  const image = new Float32Array(3 * area);
  for (let channel = 0; channel < 3; channel++)
    for (let position = 0; position < area; position++)
      image[position * 3 + channel] = Math.min(Math.max(pixels[channel * area + position]! / 2 + 0.5, 0), 1);
  return image;
}
