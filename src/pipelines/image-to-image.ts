import { scaledLatents } from '../networks/networks.ts';
import type { NoiseSource } from '../numerics/noise-source.ts';
import { configuredSolver } from '../schedulers/methods.ts';
import { findScheduler } from '../schedulers/registry.ts';
import type { SchedulerDefinition } from '../schedulers/scheduler-definition.ts';
import { partial } from '../schedulers/schedules/run-parts.ts';
import { canvasFor, mirrored } from './canvas.ts';
import { encodePrompts } from './conditioning/conditioning.ts';
import { timeIdsFor } from './conditioning/time-ids.ts';
import { type Models, withNoise } from './models.ts';
import { requireFinite } from './request-error.ts';
import { entryNoise } from './sampling/entry-noise.ts';
import { guidanceChanges, guidanceOf, guided, isGuided } from './sampling/guidance.ts';
import { latentSize, samplePictures } from './sampling/sample-pictures.ts';
import type { Picture, SamplingOptions, StepDone } from './sampling/sampling.ts';

export interface ImageToImageOptions extends SamplingOptions {
  /** [3, height, width] in -1 ... 1 */
  readonly pixels: Float32Array;
  /** Of the input and of the pictures; any, see canvas.ts. */
  readonly height: number;
  readonly width: number;
  /** Share of the schedule that is run: floor(steps * strength) steps. */
  readonly strength: number;
}

/**
 * Image to image (SDEdit, Meng et al. 2022): a sample of the VAE's posterior over the input picture, noise of
 * the entry level added, and the rest of the schedule. Each sample draws the posterior noise first, then the
 * added noise, as diffusers does. The scheduler is the endpoint's of that name unless another is given.
 */
export async function* imageToImage(
  merged: Models,
  options: ImageToImageOptions,
  scheduler: SchedulerDefinition = findScheduler('sdxl-img2img', options.scheduler),
): AsyncGenerator<StepDone, Picture[]> {
  const { stopwatch, guidanceScale, signal } = options;
  const models = withNoise(merged, options.fewStepNoise);
  const { guidanceApart: apart = false } = scheduler;
  const { unet, noise, vaeEncoder, vaeDecoder } = models;
  const picture = { height: options.height, width: options.width };
  const canvas = canvasFor(picture, vaeEncoder.factor);
  const size = latentSize(canvas, vaeEncoder.factor);
  const whole = scheduler.schedule(noise, options.steps);
  const schedule = partial(whole, options.steps, options.strength);
  const guidance = guidanceOf(whole, options);

  const conditioning = await stopwatch.time('textEncode', () =>
    encodePrompts(models, { ...options, guided: isGuided(unet, guidanceScale, apart) }),
  );
  const moments = await stopwatch.time('vaeEncode', () =>
    vaeEncoder.encode(mirrored(options.pixels, picture, canvas), canvas.height, canvas.width, signal),
  );
  requireFinite(moments, "the input picture's latents");
  const timeIds = timeIdsFor(unet, canvas, options.sizeConditioning);
  const denoise = guided({ ...guidance, unet, noise, conditioning, apart, size, timeIds, signal });
  const { sigma } = schedule.levels[schedule.begin]!;
  const shape = { channels: vaeDecoder.channels, size, factor: vaeEncoder.factor };

  return yield* samplePictures(
    {
      solver: configuredSolver(scheduler, options.solverOptions),
      legs: [{ stage: 'base', schedule, denoise, changes: guidanceChanges(guidance.interval) }],
      decoder: vaeDecoder,
      picture,
      canvas,
      entry: (sample) => {
        const latents = scaledLatents(samplePosterior(moments, sample.noise), vaeEncoder);
        const added = entryNoise(sample, shape, options, 1);
        return latents.map((value, i) => value + sigma * added[i]!);
      },
    },
    options,
  );
}

/** Bounds of the log variance, as in the VAE's training code (DiagonalGaussianDistribution). */
const minLogVariance = -30;
const maxLogVariance = 20;

/** Latents drawn from the posterior: mean + exp(log variance / 2) * normal. */
function samplePosterior(moments: Float32Array, noise: NoiseSource): Float64Array {
  const length = moments.length / 2;
  const normal = noise.normal();
  const latents = new Float64Array(length);
  for (let i = 0; i < length; i++) {
    const logVariance = Math.min(Math.max(moments[length + i]!, minLogVariance), maxLogVariance);
    latents[i] = moments[i]! + Math.exp(logVariance / 2) * normal[i]!;
  }
  return latents;
}
