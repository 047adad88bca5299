import { parseImageToImage, parseTextToImage } from '../../../src/contract/bodies/bodies.ts';
import type { GenerationRequest } from '../../../src/contract/generation.ts';
import { baseName, refinerName } from '../../../src/contract/served-names.ts';
import { interleavedBytes } from '../../../src/images/encode-image.ts';
import { findInstallation } from '../../../src/installation/installation.ts';
import { loadModels } from '../../../src/installation/load-models.ts';
import { createEmbeddingCache } from '../../../src/pipelines/conditioning/embedding-cache.ts';
import { imageToImage } from '../../../src/pipelines/image-to-image.ts';
import type { Models } from '../../../src/pipelines/models.ts';
import type { Picture, SamplingOptions, StepDone } from '../../../src/pipelines/sampling/sampling.ts';
import { createStopwatch } from '../../../src/pipelines/stopwatch.ts';
import { textToImage } from '../../../src/pipelines/text-to-image.ts';
import type { SchedulerDefinition } from '../../../src/schedulers/scheduler-definition.ts';
import type { RgbPicture } from './detect-things.ts';
import { planarPixels } from './planar-pixels.ts';

export interface Painted {
  readonly picture: RgbPicture;
  /** Seconds by stage: textEncode, base, refiner, vaeEncode, vaeDecode. */
  readonly seconds: Readonly<Record<string, number>>;
}

/** The pipelines with the API's defaults, but pictures are taken before they are encoded. */
export interface Painter {
  /**
   * @param body as a client would send it.
   * @param scheduler in place of the endpoint's of the body's name.
   */
  fromText(body: Readonly<Record<string, unknown>>, scheduler?: SchedulerDefinition): Promise<Painted>;
  fromPicture(body: Readonly<Record<string, unknown>>, input: RgbPicture): Promise<Painted>;
}

/**
 * Loads base and refiner of a models folder.
 * @param threads of one network call; by default one per physical core.
 */
export async function openPainter(modelsDir: string, threads?: number): Promise<Painter> {
  const installation = await findInstallation(modelsDir);
  const load = (name: string): Promise<Models> => {
    const model = installation.get(name);
    if (model === undefined) throw new Error(`${modelsDir}: no checkpoint is served as ${name}`);
    return loadModels(model, { device: 'cpu', ...(threads === undefined ? {} : { threads }) });
  };
  const base = await load(baseName);
  const refiner = await load(refinerName);
  const cache = createEmbeddingCache(2 ** 24);
  const defaults = { drawSeed: () => 0, rng: 'philox' as const };

  const paint = async (
    request: GenerationRequest,
    run: (options: SamplingOptions) => AsyncGenerator<StepDone, Picture[]>,
  ): Promise<Painted> => {
    const stopwatch = createStopwatch();
    const steps = run({
      ...request,
      batch: 1,
      emphasis: 'no-norm',
      maxChunks: 16,
      cache,
      stopwatch,
    });
    let next = await steps.next();
    while (next.done !== true) next = await steps.next();
    const { pixels, width, height } = next.value[0]!;
    return {
      picture: { rgb: interleavedBytes(pixels, width, height), width, height },
      seconds: stopwatch.seconds,
    };
  };

  return {
    fromText: (body, scheduler) => {
      const request = parseTextToImage(body, defaults);
      const second = request.refiner && request.highNoiseFraction < 1 ? refiner : undefined;
      return paint(request, (options) => textToImage(base, second, { ...request, ...options }, scheduler));
    },
    fromPicture: (body, input) => {
      const { image: _, ...parsed } = parseImageToImage({ image: 'input', ...body }, defaults);
      const request = { ...parsed, imageKey: '' };
      const { width, height } = input;
      const pixels = planarPixels(input);
      return paint(request, (options) =>
        imageToImage(base, { ...request, ...options, pixels, width, height }),
      );
    },
  };
}
