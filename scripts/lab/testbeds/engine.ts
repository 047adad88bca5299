import type { Config } from '../../../src/config/config.ts';
import { loadModels } from '../../../src/installation/load-models.ts';
import { unscaledLatents } from '../../../src/networks/networks.ts';
import { encodePrompts } from '../../../src/pipelines/conditioning/conditioning.ts';
import { createEmbeddingCache } from '../../../src/pipelines/conditioning/embedding-cache.ts';
import { timeIdsFor } from '../../../src/pipelines/conditioning/time-ids.ts';
import type { Models } from '../../../src/pipelines/models.ts';
import { guided } from '../../../src/pipelines/sampling/guidance.ts';
import { latentSize } from '../../../src/pipelines/sampling/sample-pictures.ts';
import type { NoiseTable } from '../../../src/schedulers/noise-levels/noise-table.ts';
import type { Denoise, NoiseLevel } from '../../../src/schedulers/scheduler.ts';
import { type RgbaPicture, rgbaOf } from '../measures/picture-difference.ts';
import type { FoundCheckpoint } from './find-checkpoint.ts';

/** The parts of the real pipeline that the lab runs a solver with. */
export interface Engine {
  readonly noise: NoiseTable;
  /** Values of one picture's latents, and their channels. */
  readonly length: number;
  readonly channels: number;
  /**
   * One guided evaluation of the network, as a request without style and negative prompt has it.
   * @param isGuided at which levels; by default at all.
   */
  denoiser(prompt: string, isGuided?: (level: NoiseLevel) => boolean): Promise<Denoise>;
  /** @throws Error where the pixels are not finite. */
  decode(latents: Float32Array): Promise<RgbaPicture>;
}

export interface EngineOptions {
  readonly guidanceScale: number;
  /** Side of the pictures, in pixels. */
  readonly size: number;
}

const embeddingCacheBytes = 64 * 2 ** 20;

/** @throws Error for a refiner, a size the VAE cannot make, and what loadModels throws. */
export async function openEngine(
  found: FoundCheckpoint,
  config: Config,
  options: EngineOptions,
): Promise<Engine> {
  const models = await loadModels(found.model, {
    device: config.device,
    ...(config.engineThreads === 0 ? {} : { threads: config.engineThreads }),
  });
  if (models.unet.timeIdCount === 5)
    throw new Error(`--checkpoint: ${found.name} is a refiner; pictures begin with a base model`);
  return engineOf(models, config, options);
}

function engineOf(
  models: Models,
  settings: Pick<Config, 'promptEmphasis' | 'promptMaxChunks'>,
  { guidanceScale, size: side }: EngineOptions,
): Engine {
  const { unet, noise, vaeDecoder } = models;
  const { factor } = vaeDecoder;
  const canvas = { height: side, width: side };
  if (side % factor !== 0)
    throw new Error(
      `--size: the sides of this checkpoint's pictures are multiples of ${factor}, not ${side}`,
    );
  const size = latentSize(canvas, factor);
  const cache = createEmbeddingCache(embeddingCacheBytes);
  return {
    noise,
    channels: vaeDecoder.channels,
    length: vaeDecoder.channels * size.height * size.width,
    async denoiser(prompt, isGuided = () => true) {
      const conditioning = await encodePrompts(models, {
        prompt,
        negativePrompt: '',
        guided: guidanceScale > 1,
        emphasis: settings.promptEmphasis,
        maxChunks: settings.promptMaxChunks,
        cache,
      });
      const timeIds = timeIdsFor(unet, canvas);
      const shared = { unet, noise, conditioning, size, timeIds };
      const many = guided({ ...shared, guidanceScale });
      const alone = guided({ ...shared, guidanceScale: 1 });
      return async (latents, level) => (await (isGuided(level) ? many : alone)([latents], level))[0]!;
    },
    async decode(latents) {
      const unscaled = unscaledLatents(latents, vaeDecoder);
      const pixels = await vaeDecoder.decode(unscaled, size.height, size.width);
      return rgbaOf(pixels, size.width * vaeDecoder.factor, size.height * vaeDecoder.factor);
    },
  };
}
