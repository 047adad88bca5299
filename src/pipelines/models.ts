import type { ClipTextEncoder, Unet, VaeDecoder, VaeEncoder } from '../networks/networks.ts';
import { requireKnownScheduler } from '../schedulers/noise-levels/known-scheduler.ts';
import {
  type NoiseSettings,
  type NoiseTable,
  noiseTable,
  withNoiseSettings,
} from '../schedulers/noise-levels/noise-table.ts';
import { type ClipTokenizer, loadTokenizer } from '../text/tokenizer.ts';
import { RequestError } from './request-error.ts';

/** One text encoder with the tokenizer that feeds it. */
export interface TextStage {
  readonly tokenizer: ClipTokenizer;
  readonly encoder: ClipTextEncoder;
}

/** Everything of one checkpoint that a pipeline works with. */
export interface Models {
  /** The checkpoint's name, as reported in results. */
  readonly name: string;
  /** What tells it from others of the name: LoRAs that are merged into it. */
  readonly variant?: string;
  /** In the order their hidden states are concatenated; two for base checkpoints, one for the refiner. */
  readonly textStages: readonly TextStage[];
  readonly unet: Unet;
  readonly vaeEncoder: VaeEncoder;
  readonly vaeDecoder: VaeDecoder;
  readonly noise: NoiseTable;
  /** An empty negative prompt is zeros instead of the encoded empty text (model_index.json). */
  readonly forceZerosForEmptyPrompt: boolean;
}

/**
 * The tokenizer of one of a checkpoint's text encoders.
 * @param directory of its own vocabulary, where the checkpoint carries one.
 * @param isLast of the encoders.
 */
export function loadStageTokenizer(directory: string | undefined, isLast: boolean): Promise<ClipTokenizer> {
  return loadTokenizer({
    ...(directory === undefined ? {} : { directory }),
    // SDXL's OpenCLIP encoder pads with id 0 ('!'), its CLIP-L encoder with the end-of-text token.
    pad: isLast ? 0 : 'eos',
  });
}

export interface ModelSources extends Omit<Models, 'noise'> {
  /** Parsed scheduler_config.json. */
  readonly schedulerConfig: Readonly<Record<string, unknown>>;
}

/**
 * With the training noise table that belongs to a checkpoint's networks.
 * @throws Error naming what of the networks does not fit together.
 */
export function assembleModels({ schedulerConfig, ...parts }: ModelSources): Models {
  requireKnownScheduler(schedulerConfig);
  const models = { ...parts, noise: noiseTable(schedulerConfig) };
  requireMatchingWidths(models);
  return models;
}

function requireMatchingWidths(models: Models): void {
  const width = models.textStages.reduce((sum, { encoder }) => sum + encoder.width, 0);
  if (width !== models.unet.crossAttentionWidth) {
    throw new Error(
      `${models.name}: the text encoders give ${width} values per token, the UNet's cross_attention_dim is ${models.unet.crossAttentionWidth}`,
    );
  }
  const pooled = models.textStages.at(-1)?.encoder.projectionWidth;
  if (pooled !== models.unet.pooledWidth) {
    throw new Error(
      `${models.name}: the last text encoder projects to ${pooled ?? 'nothing'}, the UNet takes pooled embeddings of ${models.unet.pooledWidth}`,
    );
  }
  if (models.unet.channels !== models.vaeDecoder.channels) {
    throw new Error(
      `${models.name}: the UNet works on ${models.unet.channels} latent channels, the VAE on ${models.vaeDecoder.channels}`,
    );
  }
}

/**
 * A checkpoint with the noise that a LoRA of few steps was trained on, which is merged into it.
 * @throws RequestError where the checkpoint was trained on a continuum of levels, without timesteps.
 */
export function withNoise<Own extends Pick<Models, 'name' | 'noise'>>(
  models: Own,
  settings: NoiseSettings | undefined,
): Own {
  if (settings === undefined) return models;
  if (models.noise.continuous === undefined)
    return { ...models, noise: withNoiseSettings(models.noise, settings) };
  throw new RequestError(
    `loras: one of few steps does not fit ${models.name}, which was trained on continuous noise levels`,
  );
}

/**
 * Whether one model's UNet can go on with another's latents: both see them scaled alike, on noise levels of
 * one kind.
 */
export function sharesLatents(one: Models, other: Models): boolean {
  const space = ({ vaeDecoder, noise }: Models) =>
    JSON.stringify([
      vaeDecoder.channels,
      vaeDecoder.scalingFactor,
      vaeDecoder.latentStatistics ?? null,
      noise.continuous ?? null,
    ]);
  return space(one) === space(other);
}
