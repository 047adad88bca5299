import type { Schedule } from '../scheduler.ts';
import { roundHalfEven } from './spacing.ts';

/**
 * The tail of a whole run that image-to-image solves: floor(steps * strength) steps in IEEE arithmetic, as
 * diffusers' get_timesteps; strength 1 is the whole run, also for methods whose runs are longer than `steps`.
 * @throws Error where no step would remain.
 */
export function partial(schedule: Schedule, steps: number, strength: number): Schedule {
  if (!(strength >= 0 && strength <= 1)) throw new Error(`strength is ${strength}, expected 0 to 1`);
  const whole = schedule.levels.length - 1;
  const remaining = strength === 1 ? whole : Math.min(Math.floor(steps * strength), whole);
  if (remaining < 1) {
    throw new Error(`strength ${strength} of ${steps} steps leaves no step: floor(steps * strength) is 0`);
  }
  return { ...schedule, begin: whole - remaining, end: whole };
}

/**
 * Splits a run between base and refiner: the base solves every step that starts at a timestep of at least
 * round(trainSteps * (1 - highNoiseFraction)), the refiner the rest, as denoising_end and denoising_start of
 * diffusers' pipelines. The cut is at a step boundary for every method. A fraction of 1 leaves the refiner an
 * empty part, a fraction of 0 the base.
 */
export function handOff(
  schedule: Schedule,
  highNoiseFraction: number,
  trainSteps = 1000,
): [Schedule, Schedule] {
  if (!(highNoiseFraction >= 0 && highNoiseFraction <= 1)) {
    throw new Error(`high noise fraction is ${highNoiseFraction}, expected 0 to 1`);
  }
  const { levels, begin, end } = schedule;
  const cutoff = roundHalfEven(trainSteps - highNoiseFraction * trainSteps);
  const isBase = (index: number) => highNoiseFraction === 1 || levels[index]!.timestep >= cutoff;
  let cut = begin;
  while (highNoiseFraction > 0 && cut < end && isBase(cut)) cut++;
  return [
    { ...schedule, end: cut },
    { ...schedule, begin: cut },
  ];
}
