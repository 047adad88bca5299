import { createNoiseSource } from '../../../src/numerics/noise-source.ts';
import type { NoiseTable } from '../../../src/schedulers/noise-levels/noise-table.ts';
import type { Entry } from '../entries.ts';
import { convergedLatents, type FlowProblem, flowOf, problemOf, solvedFlow } from '../exact/reference.ts';
import {
  distanceToMixture,
  type ProjectedMixture,
  projectedMixture,
  rootMeanSquare,
} from '../measures/distances.ts';
import { type Cell, cellVersion, type Testbed } from './cell.ts';
import { mixtureClean, mixtureDenoise, mixtureSamples, plane } from './mixture.ts';
import { keyOf, type Store } from './store.ts';
import { timedRun } from './timed-run.ts';

export interface MixtureOptions {
  readonly entries: readonly Entry[];
  readonly steps: readonly number[];
  readonly seeds: readonly number[];
  /** The checkpoint's noise levels: the names keep their own schedules. */
  readonly model: NoiseTable;
  /** Points of the plane that are moved together as the latents of one picture. */
  readonly points: number;
}

/** Of each step of the exact flow; the solvers themselves compute in float32, whose rounding is near 1e-6. */
const tolerance = 1e-8;
export const mixtureUncertainty = 1e-6;

/** Every name's own schedule on the exact denoiser of a Gaussian mixture, `points` points at a time. */
export function mixtureTestbed(options: MixtureOptions, store: Store): Testbed {
  const { steps, seeds, model, points } = options;
  // It has no guidance that could be limited.
  const entries = options.entries.filter(({ variation }) => variation?.interval === undefined);
  const units = seeds.flatMap((seed) =>
    entries.flatMap((entry) => steps.map((count) => ({ seed, entry, count }))),
  );
  const table = [model.sigmas[0]!, model.sigmas.at(-1)!, model.timestepSpacing, model.stepsOffset];
  const references = new Map<string, Float64Array>();

  const reference = async (problem: FlowProblem, seed: number, noise: Float32Array, signal: AbortSignal) => {
    const key = JSON.stringify([problem, seed]);
    let latents = references.get(key);
    if (latents === undefined) {
      const clean = mixtureClean(plane);
      const solved = await solvedFlow(clean, flowOf(problem, model), noise, { tolerance, signal });
      latents = await convergedLatents(clean, model, problem, solved.x);
      references.set(key, latents);
    }
    return latents;
  };

  const run = async (entry: Entry, count: number, seed: number, key: string, signal: AbortSignal) => {
    const { scheduler } = entry;
    const schedule = scheduler.schedule(model, count);
    const noise = createNoiseSource({ rng: 'philox', seed, length: 2 * points });
    const normals = noise.normal();
    const start = normals.map((value) => value * schedule.initialScale);
    const result = await timedRun(scheduler.solver, schedule, mixtureDenoise(plane), noise, start, {
      ...{ signal, cache: entry.variation?.cache },
    });
    const { latents, calls, finite, modelMs, noiseMs, arithmeticMs } = result;
    const exact =
      scheduler.noise === 'none' && finite
        ? await reference(problemOf(schedule), seed, normals, signal)
        : undefined;
    const cell: Cell = {
      testbed: 'mixture',
      entry: entry.id,
      steps: count,
      seed,
      prompt: 0,
      calls,
      finite,
      totalMs: modelMs + noiseMs + arithmeticMs,
      modelMs,
      arithmeticMs,
      noiseMs,
      error: exact === undefined ? null : rootMeanSquare(latents, exact),
      imageError: null,
      distance: finite ? distanceToMixture(latents, projectedPlane(points)) : null,
      key,
      hasPicture: false,
    };
    return cell;
  };

  return {
    id: 'mixture',
    work: units.map(({ entry, count }) => ({ label: `${entry.id}, ${count} steps`, cost: count })),
    async *cells(signal) {
      for (const { seed, entry, count } of units) {
        const of = { entry: entry.id, count, seed, ...(entry.variation && { variation: entry.variation }) };
        const key = keyOf({ cellVersion, testbed: 'mixture', ...of, points, table });
        const known = store.get<Cell>(key);
        if (known !== undefined) {
          yield { cell: known, stored: true };
          continue;
        }
        const cell = await run(entry, count, seed, key, signal);
        store.put(key, cell);
        yield { cell, stored: false };
      }
    },
  };
}

const projections = new Map<number, ProjectedMixture>();

function projectedPlane(points: number): ProjectedMixture {
  const projected = projections.get(points) ?? projectedMixture(plane, points);
  projections.set(points, projected);
  return projected;
}

const floorSets = 8;

/**
 * The distance that as many exact samples of the mixture have on average: no sampler can be told apart below
 * it.
 */
export function mixtureFloor(points: number): number {
  const projected = projectedPlane(points);
  let sum = 0;
  for (let seed = 0; seed < floorSets; seed++) {
    const source = createNoiseSource({ rng: 'philox', seed: 1000 + seed, length: 2 * points });
    const choice = source.normal();
    // The angle of a pair of normals is uniform.
    const uniform = (index: number) =>
      Math.atan2(choice[2 * index]!, choice[2 * index + 1]!) / (2 * Math.PI) + 0.5;
    sum += distanceToMixture(mixtureSamples(plane, uniform, source.normal()), projected);
  }
  return sum / floorSets;
}
