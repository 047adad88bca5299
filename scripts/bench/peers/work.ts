/** What both sides are asked to do. */
export interface Work {
  /** A guided UNet step, or a whole picture from prompt to JPEG. */
  readonly kind: 'unet-step' | 'image';
  /** Of a step: the checkpoint's folder. Of a picture: the base's. */
  readonly checkpoint: string;
  /** Of a picture: the refiner's folder, where there is one. */
  readonly refiner?: string;
  readonly side: number;
  readonly device: string;
  /** Threads of the computation on the CPU; by default each side's own choice. */
  readonly threads?: number;
  /** Of a picture. */
  readonly picture: PictureWork;
}

export interface PictureWork {
  readonly prompt: string;
  readonly seed: number;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly highNoiseFraction: number;
}

/** A side's first line. */
export interface Ready {
  readonly name: string;
  readonly loadSeconds: number;
  /**
   * One chunk of token ids by checkpoint (base, refiner) and text encoder, for a side without a tokenizer.
   */
  readonly tokens?: readonly (readonly (readonly number[])[])[];
}

/**
 * A side's answer to each `run` line. What was made lies in the side's output file: float32 noise, or the
 * picture's JPEG.
 */
export interface Run {
  readonly seconds: number;
  /** Of all its threads: what a busy machine does to the seconds, it hardly does to these. */
  readonly cpuSeconds: number;
  /** Largest resident memory of the process so far. */
  readonly peakMegabytes: number;
}
