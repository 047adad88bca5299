import type { NoiseTable } from './noise-levels.ts';
import type { Schedule, Solver } from './scheduler.ts';
import { ddimGrid, normal, type ScheduleOf, sigmaGrid, solverGrid } from './schedules.ts';
import { ddim } from './solvers/ddim.ts';
import { euler } from './solvers/euler.ts';
import { unipc } from './solvers/unipc.ts';
import { roundHalfEven } from './spacing.ts';

export type Endpoint = 'sdxl-torch' | 'sdxl-img2img';

/** A method with what the published tables say of it. */
interface Method {
  readonly method: string;
  readonly solver: Solver;
  readonly noise: 'none' | 'normal' | 'brownian';
  /** Evaluations of the network for a run, or the rest of a run, of `steps` steps; undefined where it adapts. */
  modelCalls(steps: number): number | undefined;
}

/** An API name: solver times schedule. */
export interface SchedulerDefinition extends Method {
  readonly name: string;
  readonly spacing: string;
  schedule(model: NoiseTable, steps: number): Schedule;
  /** The class or function whose numbers it gives. */
  readonly source: string;
}

const once = (steps: number) => steps;
const methods = {
  euler: { method: 'Euler', solver: euler, noise: 'none', modelCalls: once },
  ddim: { method: 'DDIM', solver: ddim, noise: 'none', modelCalls: once },
  unipc: {
    method: 'UniPC 2 bh2',
    solver: unipc({ order: 2, variant: 'bh2' }),
    noise: 'none',
    modelCalls: once,
  },
} as const satisfies Record<string, Method>;

type Row = readonly [method: Method, schedule: ScheduleOf, spacing: string, source: string];

const registry = {
  'sdxl-torch': {
    DDIM: [methods.ddim, ddimGrid, 'checkpoint', 'diffusers DDIMScheduler'],
    Euler: [methods.euler, sigmaGrid, 'checkpoint', 'diffusers EulerDiscreteScheduler'],
    UniPC: [methods.unipc, solverGrid, 'checkpoint', 'diffusers UniPCMultistepScheduler'],
  },
  'sdxl-img2img': {
    Euler: [methods.euler, normal, 'normal', 'k-diffusion sample_euler'],
    UniPC: [methods.unipc, solverGrid, 'checkpoint', 'diffusers UniPCMultistepScheduler'],
  },
} as const satisfies Record<Endpoint, Record<string, Row>>;

export type SchedulerName<E extends Endpoint> = keyof (typeof registry)[E] & string;

/** Every scheduler name an endpoint accepts. */
export function schedulerNames<E extends Endpoint>(
  endpoint: E,
): readonly [SchedulerName<E>, ...SchedulerName<E>[]] {
  return Object.keys(registry[endpoint]) as [SchedulerName<E>, ...SchedulerName<E>[]];
}

/** @throws Error listing the endpoint's names where `name` is none of them. */
export function findScheduler(endpoint: Endpoint, name: string): SchedulerDefinition {
  const rows: Readonly<Record<string, Row>> = registry[endpoint];
  const row = Object.hasOwn(rows, name) ? rows[name] : undefined;
  if (row === undefined) {
    throw new Error(
      `scheduler ${JSON.stringify(name)} is unknown to ${endpoint}; it knows ${Object.keys(rows).join(', ')}`,
    );
  }
  const [method, schedule, spacing, source] = row;
  return { ...method, name, schedule, spacing, source };
}

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
