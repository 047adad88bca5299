import { z } from 'zod';
import type { Endpoint } from './endpoints.ts';
import { ApiError } from './errors.ts';

/** What a number in a body may be, and what it is where the body leaves it out. */
interface Range {
  readonly least: number;
  readonly most: number;
  readonly usual: number;
}

/** The numbers whose range depends on what a request asks for. */
export interface Ranges {
  readonly steps: Range;
  readonly guidanceScale: Range;
}

/** Of the published API. */
export const publishedRanges: Readonly<Record<Endpoint, Ranges>> = {
  'sdxl-torch': {
    steps: { least: 20, most: 100, usual: 25 },
    guidanceScale: { least: 1, most: 25, usual: 7.5 },
  },
  'sdxl-img2img': {
    steps: { least: 20, most: 100, usual: 30 },
    guidanceScale: { least: 0.1, most: 25, usual: 6.5 },
  },
};

/** Extension: where a request names a `sampler`. Guidance of at most 1 is one pass without a negative. */
export function samplerRanges(endpoint: Endpoint): Ranges {
  const { steps, guidanceScale } = publishedRanges[endpoint];
  return { steps: { ...steps, least: 1 }, guidanceScale: { ...guidanceScale, least: 0 } };
}

/** The fields of a body that have these ranges. */
export function rangedFields({ steps, guidanceScale }: Ranges) {
  return {
    num_inference_steps: z
      .int()
      .min(steps.least)
      .max(steps.most)
      .default(steps.usual)
      .meta({ description: 'Extension: from 1 where sampler or schedule is given' }),
    guidance_scale: z
      .number()
      .min(guidanceScale.least)
      .max(guidanceScale.most)
      .default(guidanceScale.usual)
      .meta({ description: 'Extension: from 0 where sampler or schedule is given' }),
  };
}

/**
 * As partial of src/schedulers/run-parts.ts: a strength of few steps may leave none.
 * @throws ApiError naming both.
 */
export function requireStep(steps: number, strength: number): void {
  if (Math.floor(steps * strength) < 1)
    throw new ApiError(
      'invalidParameter',
      `strength must leave at least one of num_inference_steps ${steps}, got ${strength}: ` +
        `floor(${steps} * ${strength}) is 0`,
    );
}
