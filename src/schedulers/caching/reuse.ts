import { combine } from '../../numerics/combine.ts';
import type { NoiseLevel, Schedule } from '../scheduler.ts';
import { withinRun } from '../schedules/run-interval.ts';
import type { Ucache } from './cache-kinds.ts';
import type { PredictedNoise, StepCache } from './step-cache.ts';

/** Each evaluation skipped in a row adds this share to what the next is estimated to be off. */
const distrust = 0.5;
/** Shares of the newest change, and how much larger a change may be than they say. */
const newest = 0.2;
const gain = 1.6;
/** The threshold's factors before a fifth of the run's evaluations were computed, and after four fifths. */
const [early, late] = [0.5, 1.5];

/** The last evaluation that the network made. */
interface Computed {
  readonly input: Float32Array;
  readonly noise: PredictedNoise;
  /** Predicted noise less the network's input. */
  readonly differences: PredictedNoise;
  /** Mean of the absolute noise. */
  readonly size: number;
}

/**
 * UCache of stable-diffusion.cpp (src/runtime/ucache.hpp, commit 97d2990; after EasyCache, Zhou et al. 2025,
 * "Less is Enough"): as long as the error estimated so far is below `threshold`, the network's output is
 * taken to differ from its input as it did the last time. The error is how far the input has moved since,
 * times how fast the output moved with it before, over the output's size.
 *
 * There each prompt has its own difference, and the positive one decides; here it is the guided prediction,
 * which is the same difference, and decides for itself. `start` and `end` are fractions of the whole run also
 * where a part of it is solved.
 */
export function reuseCache(options: Ucache, schedule: Schedule): StepCache {
  const { threshold, start, end, decay, relative, reset } = options;
  const isActive = withinRun(schedule, start, end);
  const steps = schedule.end - schedule.begin;
  let last: Computed | undefined;
  let moved: number | undefined;
  let rate: number | undefined;
  let usualChange: number | undefined;
  let error = 0;
  let skipped = 0;
  let computed = 0;

  const limit = () => {
    const progress = computed / steps;
    return threshold * (progress < 0.2 ? early : progress > 0.8 ? late : 1);
  };
  /** Estimated error of one more reuse, as `threshold` counts it. */
  const estimate = (change: number, { size }: Computed): number => {
    const scale = relative ? Math.sqrt(size * Math.max(gain * (usualChange ?? size / gain), 1e-6)) : size;
    return (change / scale) * (1 + distrust * skipped);
  };
  return {
    predict(latents, level) {
      moved = undefined;
      if (last === undefined || !isActive(level)) return undefined;
      const input = networkInput(latents, level);
      moved = meanDifference(input, last.input);
      if (rate === undefined || !(moved > 0) || !(last.size > 0)) return undefined;
      error = error * decay + estimate(rate * moved, last);
      if (!(error < limit())) {
        if (reset) error = 0;
        return undefined;
      }
      skipped++;
      return last.differences.map((difference) => combine([1, input], [1, difference]));
    },
    computed(latents, level, noise) {
      if (!isActive(level)) return;
      const input = networkInput(latents, level);
      const [guided] = noise;
      const change = last && meanDifference(guided!, last.noise[0]!);
      if (change !== undefined && change > 0) {
        usualChange = usualChange === undefined ? change : (1 - newest) * usualChange + newest * change;
        if (moved !== undefined && moved > 0) rate = change / moved;
      }
      const differences = noise.map((values) => combine([1, values], [-1, input]));
      last = { input, noise, differences, size: meanSize(guided!) };
      computed++;
      skipped = 0;
    },
    forget() {
      last = undefined;
      rate = undefined;
      usualChange = undefined;
      error = 0;
      skipped = 0;
    },
  };
}

/** Latents of unit variance, as networks that predict noise or velocity take them. */
function networkInput(latents: Float32Array, { sigma }: NoiseLevel): Float32Array {
  return combine([1 / Math.sqrt(1 + sigma * sigma), latents]);
}

function meanDifference(one: Float32Array, other: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < one.length; i++) sum += Math.abs(one[i]! - other[i]!);
  return sum / one.length;
}

function meanSize(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += Math.abs(value);
  return sum / values.length;
}
