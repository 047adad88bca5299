export type TestbedId = 'mixture' | 'checkpoint' | 'server';

/** What is measured of a run. null: not measured there. */
export interface Measures {
  readonly calls: number | null;
  /** Of the whole solution, without decoding the picture. */
  readonly totalMs: number | null;
  readonly modelMs: number | null;
  readonly arithmeticMs: number | null;
  readonly noiseMs: number | null;
  /** Root mean square distance of the final latents to the converged ones. */
  readonly error: number | null;
  /** 1 - SSIM of the picture to the converged one's. */
  readonly imageError: number | null;
  /** Sliced Wasserstein distance to the exact distribution. */
  readonly distance: number | null;
}

/** One run: a name with a number of steps, a seed and a prompt, and what was measured of it. */
export interface Cell extends Measures {
  readonly testbed: TestbedId;
  /** Id of the entry. */
  readonly entry: string;
  readonly steps: number;
  readonly seed: number;
  /** Index of the prompt; 0 for the mixture. */
  readonly prompt: number;
  /** false: NaN or infinity on the way, or the server said so. */
  readonly finite: boolean;
  /** Where the picture and the latents are stored. */
  readonly key: string;
  readonly hasPicture: boolean;
}

/** Counts up when the meaning of a stored number changes, so that no older one is taken for it. */
export const cellVersion = 1;

/** What turns everything the lab is asked for into cells. */
export interface Testbed {
  readonly id: TestbedId;
  /** Runs that `cells` will give, and in units of model calls how much work each is. */
  readonly work: readonly { readonly label: string; readonly cost: number }[];
  /** In the order of `work`. Results that are stored come at once. */
  cells(signal: AbortSignal): AsyncGenerator<{ readonly cell: Cell; readonly stored: boolean }>;
}
