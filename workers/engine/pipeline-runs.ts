import type {
  GenerationProgress,
  ImageToImageRequest,
  TextToImageRequest,
} from '../../src/contract/generation.ts';
import { refinerName } from '../../src/contract/served-names.ts';
import { decodePng } from '../../src/images/decode-png.ts';
import { JobError } from '../../src/jobs/job-error.ts';
import { imageToImage } from '../../src/pipelines/image-to-image.ts';
import type { Models } from '../../src/pipelines/models.ts';
import { RequestError } from '../../src/pipelines/request-error.ts';
import type { Picture, SamplingOptions, StepDone } from '../../src/pipelines/sampling/sampling.ts';
import { textToImage } from '../../src/pipelines/text-to-image.ts';
import type { Previewer } from './pictures/preview.ts';

/** What is loaded of the checkpoint served under a name. */
export type Find = (name: string) => Models;

/** A pipeline on its way, with the checkpoints that take part. */
export interface Run {
  readonly used: readonly Models[];
  readonly steps: AsyncGenerator<StepDone, Picture[]>;
}

export function textToImageRun(
  request: TextToImageRequest,
  options: SamplingOptions,
  base: Models,
  find: Find,
): Run {
  const refiner = request.refiner && request.highNoiseFraction < 1 ? find(refinerName) : undefined;
  return {
    used: refiner === undefined ? [base] : [base, refiner],
    steps: textToImage(base, refiner, { ...request, ...options }),
  };
}

export async function imageToImageRun(
  request: ImageToImageRequest,
  options: SamplingOptions,
  models: Models,
  inputImage: Uint8Array | undefined,
): Promise<Run> {
  if (inputImage === undefined) throw new Error('an image-to-image request came without its input picture');
  const picture = await decodePng(inputImage);
  return { used: [models], steps: imageToImage(models, { ...request, ...options, ...picture }) };
}

/** Failures that say something about the request reach the client; everything else stays internal. */
export async function runToEnd(
  steps: Run['steps'],
  preview: Previewer,
  onStep: (progress: GenerationProgress, preview?: Uint8Array) => Promise<void>,
  signal: AbortSignal,
): Promise<Picture[]> {
  try {
    while (true) {
      signal.throwIfAborted();
      const next = await steps.next();
      if (next.done === true) return next.value;
      const { clean, ...progress } = next.value;
      await onStep(progress, await preview(clean));
    }
  } catch (error) {
    if (error instanceof RequestError) {
      throw new JobError(error.message, { retryable: false, cause: error });
    }
    throw error;
  } finally {
    await steps.return([]);
  }
}
