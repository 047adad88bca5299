import { z } from 'zod';
import { schedulerNames } from '../../schedulers/registry.ts';
import { composedParts } from '../../schedulers/samplers.ts';
import type { Endpoint } from '../endpoints.ts';
import { ApiError } from '../errors.ts';
import type { ModelProfile, Span } from '../model-profile.ts';

/** What a number in a body may be, and what it is where the body leaves it out. */
interface Range {
  readonly least: number;
  readonly most: number;
  readonly usual: number;
}

/** Ranges and defaults of the fields that depend on what a request asks for. */
export interface Ranges {
  readonly scheduler: string;
  readonly steps: Range;
  readonly guidanceScale: Range;
  readonly negativePrompt: string;
  /** See clipSkipField; absent where nothing is said. */
  readonly clipSkip?: number;
  /** Of text to image, in pixels. */
  readonly width: number;
  readonly height: number;
  readonly refiner: boolean;
}

const common = {
  ...{ scheduler: 'UniPC', negativePrompt: '', width: 1024, height: 1024, refiner: true },
};

/** Of the published API; they hold for every request without an extension. */
export const publishedRanges: Readonly<Record<Endpoint, Ranges>> = {
  'sdxl-torch': {
    ...common,
    steps: { least: 20, most: 100, usual: 25 },
    guidanceScale: { least: 1, most: 25, usual: 7.5 },
  },
  'sdxl-img2img': {
    ...common,
    steps: { least: 20, most: 100, usual: 30 },
    guidanceScale: { least: 0.1, most: 25, usual: 6.5 },
  },
};

/** Sides of pictures, in pixels. */
export const sideRange = { least: 512, most: 2048, step: 8 } as const;

/** What of a request changes its ranges and defaults. */
export interface Asked {
  /** Whether it names a `sampler` or a `schedule`. Guidance of at most 1 is one pass without a negative. */
  readonly sampler?: boolean;
  /** What the model says of itself that it names by an extension. */
  readonly profile?: ModelProfile | undefined;
}

export function rangesOf(endpoint: Endpoint, { sampler = false, profile }: Asked): Ranges {
  const own = profile === undefined ? publishedRanges[endpoint] : rangesOfModel(endpoint, profile);
  if (!sampler) return own;
  const { steps, guidanceScale } = own;
  return { ...own, steps: { ...steps, least: 1 }, guidanceScale: { ...guidanceScale, least: 0 } };
}

/** The model's own, and the endpoint's where it says nothing. Models of people's own are rarely refined. */
function rangesOfModel(endpoint: Endpoint, { defaults, ranges }: ModelProfile): Ranges {
  const published = publishedRanges[endpoint];
  const names: readonly string[] = schedulerNames(endpoint);
  const { scheduler: named = '', imageToImageScheduler = named } = defaults;
  const scheduler = endpoint === 'sdxl-img2img' ? imageToImageScheduler : named;
  return {
    scheduler:
      names.includes(scheduler) || composedParts(scheduler) !== undefined ? scheduler : published.scheduler,
    steps: within(ranges.steps, defaults.steps, published.steps),
    guidanceScale: within(ranges.guidanceScale, defaults.guidanceScale, published.guidanceScale),
    negativePrompt: defaults.negativePrompt ?? published.negativePrompt,
    ...(defaults.clipSkip !== undefined && { clipSkip: defaults.clipSkip }),
    width: defaults.width ?? published.width,
    height: defaults.height ?? published.height,
    refiner: false,
  };
}

/** A range reaches to its default, wherever that was said. */
function within(span: Span | undefined, usual: number | undefined, published: Range): Range {
  const [least, most] = span ?? [published.least, published.most];
  if (usual === undefined) return { least, most, usual: Math.min(Math.max(published.usual, least), most) };
  return { least: Math.min(least, usual), most: Math.max(most, usual), usual };
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
      .meta({
        description:
          'Extension: from 0 where sampler or schedule is given; 0 to 1 suits CFG++, whose default is 0.6',
      }),
  };
}

/**
 * As partial of src/schedulers/schedules/run-parts.ts: a strength of few steps may leave none.
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
