import type { VaeConfig } from '../checkpoints/configs/vae-config.ts';
/*
 * Networks, each with one verb. Arrays given to it must not change until it has answered. A signal ends the
 * work within the operator that is under way, with its reason as the error; the network can be used as
 * before.
 */

/** A network whose first run on inputs of a shape may take longer than others. */
export interface Warmable {
  /**
   * What its session was warmed up for, in the words of whoever did so: one set for all networks that share
   * the session. Absent where none can.
   */
  readonly warmedUp?: Set<string>;
}

/** What the encoder makes of a batch of prompt chunks. */
export interface PromptEncoding {
  /** Penultimate hidden state without final layer norm, [batch, tokens, width]. */
  readonly hiddenStates: Float32Array;
  /**
   * Projected state at the first end-of-text token, [batch, projectionWidth]; absent for an encoder without
   * projection.
   */
  readonly pooled: Float32Array | undefined;
}

/** A vector in place of a token's own embedding (textual inversion, Gal et al. 2022). */
export interface TokenVector {
  readonly row: number;
  readonly token: number;
  /** [width] */
  readonly values: Float32Array;
}

export interface EncodeOptions {
  /** None where absent. */
  readonly vectors?: readonly TokenVector[];
  /**
   * How many layers more than the last are left out of hiddenStates, as diffusers counts; 0 where absent.
   */
  readonly clipSkip?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface ClipTextEncoder extends Warmable {
  /** Tokens per chunk (77 for every published SDXL). */
  readonly tokens: number;
  readonly width: number;
  readonly projectionWidth: number | undefined;
  /** The largest clipSkip; 0 where nothing else can be had. */
  readonly deepestClipSkip: number;
  /** Whether vectors can stand in place of tokens. */
  readonly takesVectors: boolean;
  /**
   * The same object for encoders that are one loaded network, as the second of a base and that of its refiner
   * mostly are: they make the same of the same ids. Absent where that is not known.
   */
  readonly loaded?: object;
  /** `ids` is [batch, tokens], row-major. */
  encodePrompt(ids: Int32Array, options?: EncodeOptions): Promise<PromptEncoding>;
  release(): Promise<void>;
}

export interface UnetInput {
  /** Latents already scaled for the network, [batch, channels, height, width]. */
  readonly latents: Float32Array;
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  /** Training timestep, fractional allowed, one for the whole batch. */
  readonly timestep: number;
  /** [batch, tokens, crossAttentionWidth]; tokens is a multiple of 77. */
  readonly encoderHiddenStates: Float32Array;
  /** Pooled prompt embedding, [batch, pooledWidth]. */
  readonly textEmbeds: Float32Array;
  /** [batch, timestepCondWidth], where the UNet has that; see guidance.ts. Zeros where absent. */
  readonly timestepCond?: Float32Array;
  /** [batch, timeIdCount]: 6 for base checkpoints, 5 for the refiner. */
  readonly timeIds: Float32Array;
  /**
   * As long as the latents: where the output may be written to and be given back, so that no new array is
   * needed for each step. Not to be read before.
   */
  readonly target?: Float32Array;
}

export interface Unet extends Warmable {
  readonly channels: number;
  readonly crossAttentionWidth: number;
  readonly pooledWidth: number;
  readonly timeIdCount: number;
  /** Width of the guidance scale's embedding that an LCM's UNet is told; absent for others. */
  readonly timestepCondWidth?: number | undefined;
  /** The network's output (noise or velocity, as the checkpoint was trained), shaped as the latents. */
  predictNoise(input: UnetInput, signal?: AbortSignal): Promise<Float32Array>;
  /**
   * Predicts once on an input of this shape, whose values do not matter, so that others of it are faster.
   * Absent where nothing can.
   */
  capture?(input: UnetInput): Promise<void>;
  release(): Promise<void>;
}

/**
 * Image side over latent side, and how latents are scaled after encoding (see scaledLatents), from the VAE's
 * config.
 */
export interface VaeGeometry {
  readonly factor: number;
  readonly channels: number;
  readonly scalingFactor: number;
  /** By channel; absent where the latents are only multiplied. */
  readonly latentStatistics?: {
    readonly mean: readonly number[];
    readonly deviation: readonly number[];
  };
}

export interface VaeEncoder extends VaeGeometry {
  /**
   * Pixels [3, height, width] in -1 ... 1 to the posterior's moments [2 x channels, height / factor, width /
   * factor]: mean, then log variance.
   */
  encode(pixels: Float32Array, height: number, width: number, signal?: AbortSignal): Promise<Float32Array>;
  release(): Promise<void>;
}

export interface VaeDecoder extends VaeGeometry, Warmable {
  /**
   * Unscaled latents [channels, height, width] to pixels [3, height x factor, width x factor] around -1 ...
   * 1.
   */
  decode(latents: Float32Array, height: number, width: number, signal?: AbortSignal): Promise<Float32Array>;
  release(): Promise<void>;
}

/** @returns what pixels and latents have to do with each other, of a VAE's config. */
export function vaeGeometry(config: VaeConfig): VaeGeometry {
  const { latents_mean: mean, latents_std: deviation } = config;
  return {
    factor: 2 ** (config.block_out_channels.length - 1),
    channels: config.latent_channels,
    scalingFactor: config.scaling_factor,
    ...(mean === null || deviation === null ? {} : { latentStatistics: { mean, deviation } }),
  };
}

type Scaling = Pick<VaeGeometry, 'channels' | 'scalingFactor' | 'latentStatistics'>;

/**
 * Latents [channels, ...] as the networks see them, from those of the VAE: times the scaling factor, or
 * (latent - mean) * factor / deviation, as diffusers' SDXL pipelines.
 */
export function scaledLatents(latents: Float64Array, scaling: Scaling): Float32Array {
  const { scalingFactor, latentStatistics } = scaling;
  if (latentStatistics === undefined) return Float32Array.from(latents, (value) => value * scalingFactor);
  const { mean, deviation } = latentStatistics;
  const area = latents.length / scaling.channels;
  return Float32Array.from(latents, (value, index) => {
    const channel = Math.floor(index / area);
    return ((value - mean[channel]!) * scalingFactor) / deviation[channel]!;
  });
}

/** The other direction. */
export function unscaledLatents(latents: Float32Array, scaling: Scaling): Float32Array {
  const { scalingFactor, latentStatistics } = scaling;
  if (latentStatistics === undefined) return latents.map((value) => value / scalingFactor);
  const { mean, deviation } = latentStatistics;
  const area = latents.length / scaling.channels;
  return latents.map((value, index) => {
    const channel = Math.floor(index / area);
    return (value * deviation[channel]!) / scalingFactor + mean[channel]!;
  });
}
