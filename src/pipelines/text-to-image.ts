import { configuredSolver } from '../schedulers/methods.ts';
import { findScheduler } from '../schedulers/registry.ts';
import type { SchedulerDefinition } from '../schedulers/scheduler-definition.ts';
import { handOff } from '../schedulers/schedules/run-parts.ts';
import { applyStyle, canonicalStyle } from '../text/styles.ts';
import { canvasFor } from './canvas.ts';
import { encodePrompts } from './conditioning/conditioning.ts';
import { timeIdsFor } from './conditioning/time-ids.ts';
import { type Models, sharesLatents, withNoise } from './models.ts';
import { RequestError } from './request-error.ts';
import { entryNoise } from './sampling/entry-noise.ts';
import { guidanceChanges, guidanceOf, guided, isGuided } from './sampling/guidance.ts';
import type { Leg } from './sampling/relay.ts';
import { latentSize, samplePictures } from './sampling/sample-pictures.ts';
import type { Picture, SamplingOptions, StepDone } from './sampling/sampling.ts';
import type { Stage } from './stopwatch.ts';

export interface TextToImageOptions extends SamplingOptions {
  /** A canonical style name or an alias. */
  readonly style: string;
  /** Of the pictures; any, see canvas.ts. */
  readonly height: number;
  readonly width: number;
  /** Share of the schedule run by the base; 1 skips the refiner, 0 leaves it the whole schedule. */
  readonly highNoiseFraction: number;
}

/**
 * Text to image with an ensemble of experts: the base denoises the noisy share of the schedule, the refiner
 * the rest (eDiff-I, Balaji et al. 2022; SDXL, Podell et al. 2023, section 2.5). Without a refiner the base
 * runs the whole schedule. Yields after each step and returns the pictures in the order of their seeds. The
 * scheduler is the endpoint's of that name unless another is given.
 */
export async function* textToImage(
  merged: Models,
  refiner: Models | undefined,
  options: TextToImageOptions,
  scheduler: SchedulerDefinition = findScheduler('sdxl-torch', options.scheduler),
): AsyncGenerator<StepDone, Picture[]> {
  const { stopwatch } = options;
  const base = withNoise(merged, options.fewStepNoise);
  const { guidanceApart: apart = false } = scheduler;
  const picture = { height: options.height, width: options.width };
  const canvas = canvasFor(picture, base.vaeDecoder.factor);
  const size = latentSize(canvas, base.vaeDecoder.factor);
  const whole = scheduler.schedule(base.noise, options.steps);
  const guidance = guidanceOf(whole, options);
  const [baseSchedule, refinerSchedule] =
    refiner === undefined
      ? [whole, { ...whole, begin: whole.end }]
      : handOff(whole, options.highNoiseFraction);
  if (refiner !== undefined && refinerSchedule.end > refinerSchedule.begin && !sharesLatents(base, refiner))
    throw new RequestError(
      `${refiner.name} cannot refine what ${base.name} begins: their latents differ; high_noise_fraction must be 1`,
    );
  const style = canonicalStyle(options.style);
  if (style === undefined) throw new Error(`style ${JSON.stringify(options.style)} is unknown`);
  const styled = applyStyle(style, options.prompt, options.negativePrompt);

  const leg = async (stage: Stage, models: Models, schedule: Leg['schedule']): Promise<Leg> => {
    const conditioning = await stopwatch.time('textEncode', () =>
      encodePrompts(models, {
        ...options,
        ...styled,
        guided: isGuided(models.unet, options.guidanceScale, apart),
      }),
    );
    const { unet, noise } = models;
    const timeIds = timeIdsFor(unet, canvas, options.sizeConditioning);
    const { signal } = options;
    return {
      stage,
      schedule,
      changes: guidanceChanges(guidance.interval),
      denoise: guided({ ...guidance, unet, noise, conditioning, apart, size, timeIds, signal }),
    };
  };
  const legs: Leg[] = [];
  if (baseSchedule.end > baseSchedule.begin) legs.push(await leg('base', base, baseSchedule));
  if (refiner !== undefined && refinerSchedule.end > refinerSchedule.begin) {
    legs.push(await leg('refiner', refiner, refinerSchedule));
  }

  const last = refinerSchedule.end > refinerSchedule.begin ? (refiner ?? base) : base;
  const { channels, factor } = base.vaeDecoder;
  const shape = { channels, size, factor };
  return yield* samplePictures(
    {
      solver: configuredSolver(scheduler, options.solverOptions),
      legs,
      decoder: last.vaeDecoder,
      picture,
      canvas,
      entry: (sample) => entryNoise(sample, shape, options).map((value) => value * whole.initialScale),
    },
    options,
  );
}
