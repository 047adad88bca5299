import type { NoiseSource } from '../numerics/noise-source.ts';

/**
 * A point of the schedule. `timestep` travels with `sigma` because libraries round it differently per method.
 */
export interface NoiseLevel {
  /** Standard deviation of the noise: latents = clean + sigma * noise. */
  readonly sigma: number;
  /** What the network is told, in units of training timesteps (0 ... 999); may be fractional. */
  readonly timestep: number;
}

/** The two predictions that classifier-free guidance is made of, as clean latents. */
export interface Estimates {
  readonly guided: Float32Array;
  /** Of the negative prompt alone. */
  readonly unguided: Float32Array;
}

/** The clean latents (x0) the model sees behind `latents`, which carry noise of `level`. */
export interface Denoise {
  (latents: Float32Array, level: NoiseLevel): Promise<Float32Array>;
  /** Both predictions of one evaluation; absent where there is no guidance to take apart. */
  apart?(latents: Float32Array, level: NoiseLevel): Promise<Estimates>;
}

/**
 * The noise levels of a whole run and the part of it to be solved. A part (image-to-image entry, base or
 * refiner of a hand-off) keeps all levels, so that a solver knows which step is the last of the run; its
 * history begins anew at `begin`.
 */
export interface Schedule {
  /**
   * All levels of the run, strictly falling; N steps have N + 1 levels, the last being where the run ends.
   */
  readonly levels: readonly NoiseLevel[];
  /** Index of the level the latents have on entry. */
  readonly begin: number;
  /** Index of the level the latents have on exit. */
  readonly end: number;
  /** Standard normals times this are the latents at levels[0]. */
  readonly initialScale: number;
  /**
   * Latents at the last level times this are what the VAE decodes (1 unless a variance-preserving method ends
   * above zero noise).
   */
  readonly finalScale: number;
  /** The model's own level for any sigma between steps (sigma -> timestep by interpolation in log sigma). */
  levelAt(sigma: number): NoiseLevel;
  /** The level at this share of another's training timestep, rounded down to a whole one. */
  earlier(level: NoiseLevel, share: number): NoiseLevel;
  /**
   * Where the checkpoint asks PNDM for its Runge-Kutta start (skip_prk_steps false): the level between two
   * steps.
   */
  halfway?(from: NoiseLevel, to: NoiseLevel): NoiseLevel;
}

/**
 * Walks from schedule.begin to schedule.end, yielding the latents after each step, all in the space latents =
 * clean + sigma * noise. History is local; progress and cancelling belong to the caller. The entry latents
 * are only read, and a yielded array is not written to afterwards; the next step starts from it.
 */
export type Solver = (
  denoise: Denoise,
  latents: Float32Array,
  schedule: Schedule,
  noise: NoiseSource,
) => AsyncGenerator<Float32Array>;
