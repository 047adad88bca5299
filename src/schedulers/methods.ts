import type { Schedule, Solver } from './scheduler.ts';
import { type SolverOptions, withNoiseFactor } from './solver-options.ts';
import { dpmpp2mCfgPlusPlus, eulerCfgPlusPlus } from './solvers/cfg-plus-plus.ts';
import type { ChurnOptions } from './solvers/churn.ts';
import { ddim } from './solvers/ddim.ts';
import { ddpm } from './solvers/ddpm.ts';
import { deis } from './solvers/deis.ts';
import { dpmAdaptive } from './solvers/dpm-solver/dpm-adaptive.ts';
import { dpmFast } from './solvers/dpm-solver/dpm-fast.ts';
import { dpmMultistep } from './solvers/dpm-solver/dpm-multistep.ts';
import { dpmSinglestep } from './solvers/dpm-solver/dpm-singlestep.ts';
import { dpm2 } from './solvers/dpm-solver/dpm2.ts';
import { dpm2Ancestral } from './solvers/dpm-solver/dpm2-ancestral.ts';
import { dpmpp2m } from './solvers/dpm-solver/dpmpp-2m.ts';
import { dpmpp2mSde } from './solvers/dpm-solver/dpmpp-2m-sde.ts';
import { dpmpp2sAncestral } from './solvers/dpm-solver/dpmpp-2s-ancestral.ts';
import { dpmpp3mSde } from './solvers/dpm-solver/dpmpp-3m-sde.ts';
import { dpmppSde } from './solvers/dpm-solver/dpmpp-sde.ts';
import { erSde } from './solvers/er-sde.ts';
import { euler } from './solvers/euler.ts';
import { eulerAncestral } from './solvers/euler-ancestral.ts';
import { gradientEstimation } from './solvers/gradient-estimation.ts';
import { heun } from './solvers/heun.ts';
import { ipndm } from './solvers/ipndm.ts';
import { lcm } from './solvers/lcm.ts';
import { lms } from './solvers/lms.ts';
import { pndm } from './solvers/pndm.ts';
import { resMultistep } from './solvers/res-multistep.ts';
import { restart } from './solvers/restart.ts';
import { saSolver } from './solvers/sa-solver.ts';
import { tcd } from './solvers/tcd.ts';
import { unipc } from './solvers/unipc.ts';

/** A solver with what is to be known of it. */
export interface Method {
  /** The solver's name in its field. */
  readonly method: string;
  readonly solver: Solver;
  /** What it draws from its noise source. */
  readonly noise: 'none' | 'normal' | 'brownian';
  /**
   * Evaluations of the network for `schedule`, a whole run or a part of one; undefined where the method
   * adapts.
   */
  modelCalls(schedule: Schedule): number | undefined;
  /** Reads the guided and the unguided prediction apart; the guidance scale is CFG++'s lambda, 0 ... 1. */
  readonly guidanceApart?: boolean;
  /** What of it a request may set besides the noise's factor; nothing where absent. */
  readonly options?: readonly (keyof SolverOptions)[];
  readonly configured?: (options: SolverOptions) => Solver;
  /** Why no evaluation of it can be forecast from those before; absent where one can. */
  readonly uncacheable?: string;
}

/** The options that mean something to a method; the noise's factor where these make it add any. */
export function optionsOf({ noise, options = [] }: Method): readonly (keyof SolverOptions)[] {
  return noise !== 'none' || options.length > 0 ? [...options, 'sNoise'] : [];
}

/** The method's solver with these options. */
export function configuredSolver(
  { solver, configured }: Method,
  { sNoise = 1, ...options }: SolverOptions = {},
): Solver {
  const own = configured?.(options) ?? solver;
  return sNoise === 1 ? own : withNoiseFactor(own, sNoise);
}

/** One evaluation per step. */
const once = ({ begin, end }: Schedule) => end - begin;

/** Two evaluations per step, one where a step ends at zero noise. */
const twice = ({ levels, begin, end }: Schedule) => {
  const lastIsSingle = end > begin && levels[end]!.sigma === 0;
  return 2 * (end - begin) - (lastIsSingle ? 1 : 0);
};

/** One evaluation per step, one more at the first unless that goes to zero noise at once. */
const onceAfterTwo = (schedule: Schedule) => {
  const first = schedule.levels[schedule.begin + 1];
  return once(schedule) + (once(schedule) > 0 && first!.sigma > 0 ? 1 : 0);
};

/** As PNDM: one more at the first step, or three more at each of the first three. */
const pndmCalls = (schedule: Schedule) =>
  schedule.halfway ? once(schedule) + 3 * Math.min(3, once(schedule)) : onceAfterTwo(schedule);

/** A method with eta: the solver by options, and as the names have it. */
const stochastic = (configured: (options?: { readonly eta?: number }) => Solver) => ({
  solver: configured(),
  configured,
  options: ['eta'] as const,
});

/** A method with churn. */
const churnable = (configured: (options?: ChurnOptions) => Solver) => ({
  solver: configured(),
  configured,
  options: ['sChurn', 'sTmin', 'sTmax'] as const,
});

/** What step caches skip would be half of a step. */
const several = { uncacheable: 'it asks the network several times in a step' } as const;
const distilled = { uncacheable: 'each of its steps begins from new noise' } as const;

/** Every method behind the API's names of schedulers and samplers. */
export const methods = {
  ddim: { method: 'DDIM', ...stochastic(ddim), noise: 'none', modelCalls: once },
  ddpm: { method: 'DDPM', solver: ddpm, noise: 'normal', modelCalls: once },
  deis: { method: 'DEIS 3 (log rho)', solver: deis, noise: 'none', modelCalls: once },
  dpm2: { method: 'DPM-Solver-2', ...churnable(dpm2), noise: 'none', modelCalls: twice, ...several },
  dpm2Ancestral: {
    method: 'DPM-Solver-2 ancestral',
    ...stochastic(dpm2Ancestral),
    noise: 'normal',
    modelCalls: twice,
    ...several,
  },
  dpmAdaptive: {
    method: 'DPM-Solver-23 adaptive',
    ...stochastic(dpmAdaptive),
    noise: 'normal',
    modelCalls: () => undefined,
    uncacheable: 'it measures its own error by what the network predicts',
  },
  dpmFast: {
    method: 'DPM-Solver-fast',
    ...stochastic(dpmFast),
    noise: 'normal',
    modelCalls: once,
    ...several,
  },
  dpmMultistep: { method: 'DPM-Solver++(2M)', solver: dpmMultistep(), noise: 'none', modelCalls: once },
  dpmSinglestep: { method: 'DPM-Solver++(2S)', solver: dpmSinglestep(), noise: 'none', modelCalls: once },
  dpmpp2m: { method: 'DPM-Solver++(2M)', solver: dpmpp2m, noise: 'none', modelCalls: once },
  dpmpp2mCfgPlusPlus: {
    method: 'DPM-Solver++(2M) CFG++',
    solver: dpmpp2mCfgPlusPlus,
    noise: 'none',
    modelCalls: once,
    guidanceApart: true,
  },
  dpmpp2mSde: {
    method: 'DPM-Solver++(2M) SDE',
    ...stochastic((options) => dpmpp2mSde('midpoint', options)),
    noise: 'brownian',
    modelCalls: once,
  },
  dpmpp2mSdeHeun: {
    method: 'DPM-Solver++(2M) SDE Heun',
    ...stochastic((options) => dpmpp2mSde('heun', options)),
    noise: 'brownian',
    modelCalls: once,
  },
  dpmpp2sAncestral: {
    method: 'DPM-Solver++(2S) ancestral',
    ...stochastic(dpmpp2sAncestral),
    noise: 'normal',
    modelCalls: twice,
    ...several,
  },
  dpmpp3mSde: {
    method: 'DPM-Solver++(3M) SDE',
    ...stochastic(dpmpp3mSde),
    noise: 'brownian',
    modelCalls: once,
  },
  dpmppSde: {
    method: 'DPM-Solver++ SDE',
    ...stochastic(dpmppSde),
    noise: 'brownian',
    modelCalls: twice,
    ...several,
  },
  erSde: { method: 'ER-SDE 3', solver: erSde, noise: 'normal', modelCalls: once },
  euler: { method: 'Euler', ...churnable(euler), noise: 'none', modelCalls: once },
  eulerAncestral: {
    method: 'Euler ancestral',
    ...stochastic(eulerAncestral),
    noise: 'normal',
    modelCalls: once,
  },
  eulerCfgPlusPlus: {
    method: 'Euler CFG++',
    solver: eulerCfgPlusPlus,
    noise: 'none',
    modelCalls: once,
    guidanceApart: true,
  },
  gradientEstimation: {
    method: 'Gradient estimation',
    solver: gradientEstimation,
    noise: 'none',
    modelCalls: once,
  },
  heun: { method: 'Heun', ...churnable(heun), noise: 'none', modelCalls: twice, ...several },
  ipndm: { method: 'iPNDM 4', solver: ipndm('even'), noise: 'none', modelCalls: once },
  ipndmV: { method: 'iPNDM-V 4', solver: ipndm('uneven'), noise: 'none', modelCalls: once },
  lcm: { method: 'Multistep consistency', solver: lcm, noise: 'normal', modelCalls: once, ...distilled },
  lms: { method: 'LMS 4', solver: lms, noise: 'none', modelCalls: once },
  plms: { method: 'PLMS', solver: pndm, noise: 'none', modelCalls: onceAfterTwo },
  pndm: { method: 'PNDM', solver: pndm, noise: 'none', modelCalls: pndmCalls },
  resMultistep: { method: 'RES 2M', solver: resMultistep, noise: 'none', modelCalls: once },
  restart: {
    method: 'Restart Heun',
    solver: restart,
    noise: 'normal',
    modelCalls: twice,
    uncacheable: 'it goes back to higher noise levels',
  },
  saSolver: { method: 'SA-Solver 3/4', ...stochastic(saSolver), noise: 'normal', modelCalls: once },
  tcd: { method: 'TCD', ...stochastic(tcd), noise: 'normal', modelCalls: once, ...distilled },
  unipc: {
    method: 'UniPC 2 bh2',
    solver: unipc({ order: 2, variant: 'bh2' }),
    noise: 'none',
    modelCalls: once,
  },
} as const satisfies Record<string, Method>;
