import { createHash } from 'node:crypto';
import type { Config } from '../src/config.ts';
import type {
  GenerationProgress,
  ImageToImageRequest,
  TextToImageRequest,
} from '../src/contract/generation.ts';
import { decodePng } from '../src/images/decode-png.ts';
import { encodeImage } from '../src/images/encode-image.ts';
import { JobError } from '../src/jobs/job-error.ts';
import { computePrecision } from '../src/networks/layers-for.ts';
import { runtimeVersion } from '../src/networks/runtime.ts';
import { createEmbeddingCache } from '../src/pipelines/embedding-cache.ts';
import { imageToImage } from '../src/pipelines/image-to-image.ts';
import type { Models } from '../src/pipelines/models.ts';
import { RequestError } from '../src/pipelines/request-error.ts';
import type { Picture, SamplingOptions, StepDone } from '../src/pipelines/sampling.ts';
import { createStopwatch } from '../src/pipelines/stopwatch.ts';
import { textToImage } from '../src/pipelines/text-to-image.ts';
import type { Capabilities, Generator, OpenGenerator } from './generator.ts';
import { baseName, findInstallation, type InstalledModel, refinerName } from './installation.ts';
import { loadModels } from './load-models.ts';
import { createPreviewer, type Previewer } from './preview.ts';
import { openSafetyCheck, type SafetyCheck } from './safety-check.ts';

/** Bytes of prompt embeddings that are kept between requests. */
const embeddingCacheBytes = 256 * 2 ** 20;

/** What of the configuration decides how pictures are made. */
export type GeneratorSettings = Pick<Config, 'device' | 'engineBatch' | 'promptEmphasis' | 'promptMaxChunks'>;

/** Loads every checkpoint of the models folder; nothing is read from disk once requests come. */
export const openSdxlGenerator: OpenGenerator = async (config) => {
  if (config.modelsDir === undefined)
    throw new Error('MODELS_DIR is not set: there is no checkpoint to serve');
  const installation = await findInstallation(config.modelsDir);
  const options = {
    device: config.device,
    ...(config.engineThreads === 0 ? {} : { threads: config.engineThreads }),
  };
  const loaded = new Map<InstalledModel, Models>();
  for (const model of new Set(installation.values())) loaded.set(model, await loadModels(model, options));
  const models = new Map([...installation].map(([name, model]) => [name, loaded.get(model)!]));
  const check = config.safetyChecker === undefined ? undefined : await openSafetyCheck(config.safetyChecker);
  return createSdxlGenerator(models, config, check && { check });
};

export interface GeneratorOptions {
  /** Asked about every picture before any of the request is given away. */
  readonly check?: SafetyCheck;
  /** See createPreviewer. */
  readonly previewIntervalMs?: number;
}

/** `models` are loaded checkpoints by served name. */
export function createSdxlGenerator(
  models: ReadonlyMap<string, Models>,
  settings: GeneratorSettings,
  { check, previewIntervalMs }: GeneratorOptions = {},
): Generator {
  const cache = createEmbeddingCache(embeddingCacheBytes);
  const find = (name: string): Models => {
    const found = models.get(name);
    if (found !== undefined) return found;
    throw new JobError(`checkpoint ${name} is not installed on this worker`, { retryable: false });
  };
  return {
    capabilities: capabilitiesOf(models),
    async generate(request, inputImage, onStep, signal) {
      const stopwatch = createStopwatch();
      const options: SamplingOptions = {
        ...request,
        batch: settings.engineBatch,
        emphasis: settings.promptEmphasis,
        maxChunks: settings.promptMaxChunks,
        cache,
        stopwatch,
      };
      const { used, steps } =
        request.endpoint === 'sdxl-torch'
          ? textToImageRun(request, options, find)
          : await imageToImageRun(request, options, find, inputImage);
      const pictures = [];
      const preview = createPreviewer(used.at(-1)!.vaeDecoder, previewIntervalMs);
      for (const picture of await runToEnd(steps, preview, onStep, signal)) {
        if (check !== undefined) await stopwatch.time('safetyCheck', () => check(picture));
        const bytes = await stopwatch.time('imageEncode', () =>
          encodeImage(picture.pixels, picture.width, picture.height, request.outputFormat),
        );
        pictures.push({ bytes, seed: picture.seed, latentSha256: sha256(picture.latents) });
      }
      return {
        pictures,
        checkpoints: used.map(({ name }) => name),
        stageSeconds: stopwatch.seconds,
        runtime: runtimeVersion,
        precision: computePrecision(settings.device),
      };
    },
  };
}

function capabilitiesOf(models: ReadonlyMap<string, Models>): Capabilities {
  const baseModels = [...models.keys()].filter((name) => name !== baseName && name !== refinerName);
  return {
    endpoints: [
      ...(models.has(baseName) ? (['sdxl-torch'] as const) : []),
      ...(baseModels.length > 0 ? (['sdxl-img2img'] as const) : []),
    ],
    refiner: models.has(refinerName),
    baseModels,
    sizeMultiple: models.get(baseName)?.vaeDecoder.factor,
  };
}

interface Run {
  readonly used: readonly Models[];
  readonly steps: AsyncGenerator<StepDone, Picture[]>;
}

function textToImageRun(
  request: TextToImageRequest,
  options: SamplingOptions,
  find: (name: string) => Models,
): Run {
  const base = find(baseName);
  const refiner = request.refiner && request.highNoiseFraction < 1 ? find(refinerName) : undefined;
  return {
    used: refiner === undefined ? [base] : [base, refiner],
    steps: textToImage(base, refiner, { ...request, ...options }),
  };
}

async function imageToImageRun(
  request: ImageToImageRequest,
  options: SamplingOptions,
  find: (name: string) => Models,
  inputImage: Uint8Array | undefined,
): Promise<Run> {
  if (inputImage === undefined) throw new Error('an image-to-image request came without its input picture');
  const models = find(request.baseModel);
  const picture = await decodePng(inputImage, models.vaeEncoder.factor);
  return { used: [models], steps: imageToImage(models, { ...request, ...options, ...picture }) };
}

/** Failures that say something about the request reach the client; everything else stays internal. */
async function runToEnd(
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

function sha256({ buffer, byteOffset, byteLength }: Float32Array): string {
  return createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex');
}
