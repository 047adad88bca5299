import { combine } from '../../numerics/combine.ts';
import { leastSquares } from '../../numerics/least-squares.ts';
import type { NoiseLevel, Schedule } from '../scheduler.ts';
import { withinRun } from '../schedules/run-interval.ts';
import type { Spectrum } from './cache-kinds.ts';
import type { PredictedNoise, StepCache } from './step-cache.ts';

/** Keeps the fit of a high degree over few close levels solvable in float64. */
const leastRidge = 1e-12;

/** As many predictions are fitted at most, or one more than the polynomial's degree. */
const fitted = 6;

interface Heard {
  readonly time: number;
  readonly noise: PredictedNoise;
}

/**
 * Spectrum (Han et al. 2026, "Adaptive Spectral Feature Forecasting for Diffusion Sampling Acceleration"; as
 * stable-diffusion.cpp has it in src/runtime/spectrum.hpp, commit 97d2990): every `window`-th prediction is
 * computed, the window growing by `flex` each time; the others are `w` of a Chebyshev polynomial of degree
 * `m`, fitted with ridge `lam`, and 1 - w of the line through the last two.
 *
 * There it is fitted over the number of the step to the clean picture, the ridge holds back all coefficients,
 * and the line has half its slope, so that not even a straight course is forecast exactly. Here it is noise
 * over log sigma, in which solvers integrate it, the ridge holds back what is bent alone, and the line is
 * one: noise that changes evenly in log sigma is forecast exactly.
 */
export function forecastCache(options: Spectrum, schedule: Schedule): StepCache {
  const { w, m, lam, flex, warmup, stop } = options;
  const mayForecast = withinRun(schedule, 0, stop);
  const timeAt = chebyshevTime(schedule);
  const most = Math.max(m + 1, fitted);
  let heard: Heard[] = [];
  let asked = 0;
  let window = options.window;
  let forecasts = 0;
  return {
    predict(_, level) {
      asked++;
      const isTurn = (forecasts + 1) % Math.max(1, Math.floor(window)) === 0;
      if (asked <= warmup || heard.length < 2 || isTurn || !mayForecast(level)) return undefined;
      forecasts++;
      const weights = forecastWeights(
        heard.map(({ time }) => time),
        timeAt(level),
        { w, m, lam },
      );
      return heard[0]!.noise.map((_, index) => {
        const [first, ...others] = heard.map(({ noise }, at) => [weights[at]!, noise[index]!] as const);
        return combine(first!, ...others);
      });
    },
    computed(_, level, noise) {
      const time = timeAt(level);
      // A level that is asked about twice counts as it was the second time.
      if (heard.at(-1)?.time === time) heard.pop();
      heard.push({ time, noise });
      if (heard.length > most) heard.shift();
      if (asked > warmup) window += flex;
      forecasts = 0;
    },
    forget() {
      heard = [];
      forecasts = 0;
    },
  };
}

/** Log sigma, turned and scaled to -1 ... 1 over the run's levels above zero noise. */
function chebyshevTime({ levels }: Schedule): (level: NoiseLevel) => number {
  const logs = levels.filter(({ sigma }) => sigma > 0).map(({ sigma }) => Math.log(sigma));
  const [from, to] = [logs[0]!, logs.at(-1)!];
  const range = from - to || 1;
  return ({ sigma }) => (2 * (from - Math.log(sigma))) / range - 1;
}

/**
 * What each value known at `times` counts in the one at `time`.
 * @param times two at least, rising.
 */
function forecastWeights(
  times: readonly number[],
  time: number,
  { w, m, lam }: Pick<Spectrum, 'w' | 'm' | 'lam'>,
): number[] {
  const last = times.length - 1;
  const beyond = (time - times[last]!) / (times[last]! - times[last - 1]!);
  const line = times.map((_, at) => (at === last ? 1 + beyond : at === last - 1 ? -beyond : 0));
  if (w === 0) return line;
  const degree = Math.min(m, last);
  const rows = times.map((each) => chebyshev(each, degree));
  const ridge = Array.from({ length: Math.max(0, degree - 1) }, (_, k) =>
    Array.from({ length: degree + 1 }, (_, j) => (j === k + 2 ? Math.sqrt(Math.max(lam, leastRidge)) : 0)),
  );
  const here = chebyshev(time, degree);
  return line.map((share, at) => {
    const unit = [...times.map((_, other) => (other === at ? 1 : 0)), ...ridge.map(() => 0)];
    const coefficients = leastSquares([...rows, ...ridge], unit);
    const polynomial = coefficients.reduce((sum, each, k) => sum + each * here[k]!, 0);
    return w * polynomial + (1 - w) * share;
  });
}

/** T_0 ... T_degree at a time. */
function chebyshev(time: number, degree: number): number[] {
  const values = [1, time];
  while (values.length <= degree) values.push(2 * time * values.at(-1)! - values.at(-2)!);
  return values.slice(0, degree + 1);
}
