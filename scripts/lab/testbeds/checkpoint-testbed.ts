import { NonFinitePixelsError } from '../../../src/images/encode-image.ts';
import { createNoiseSource } from '../../../src/numerics/noise-source.ts';
import { withinRun } from '../../../src/schedulers/schedules/run-interval.ts';
import type { Entry } from '../entries.ts';
import { type ConvergedRun, convergedRuns } from '../exact/converged-runs.ts';
import { problemOf } from '../exact/reference.ts';
import { rootMeanSquare } from '../measures/distances.ts';
import { keptPicture, pictureDifference, type RgbaPicture } from '../measures/picture-difference.ts';
import { type Cell, cellVersion, type Testbed } from './cell.ts';
import type { Engine } from './engine.ts';
import { keyOf, type Store } from './store.ts';
import { timedRun } from './timed-run.ts';

export interface CheckpointOptions {
  readonly entries: readonly Entry[];
  readonly steps: readonly number[];
  readonly seeds: readonly number[];
  readonly prompts: readonly string[];
  /** Error of each step of the converged solutions. */
  readonly tolerance: number;
  /** What else decides the results: checkpoint, guidance scale, size, device. */
  readonly decides: Readonly<Record<string, unknown>>;
}

/** Decoding a picture takes about as long as this many evaluations. */
const decodeCost = 8;

export interface CheckpointTestbed extends Testbed {
  /** The converged solution that a cell was compared with, as the cells are computed or stored. */
  reference(entry: Entry, steps: number, seed: number, prompt: number): ConvergedRun | undefined;
  /** Solves one problem to a tenth of the tolerance and tells how far the reference was off. */
  uncertainty(signal: AbortSignal): Promise<number>;
}

/** Every name on the engine, text to image from pure noise over its whole schedule, one picture at a time. */
export function checkpointTestbed(
  engine: Engine,
  options: CheckpointOptions,
  store: Store,
): CheckpointTestbed {
  const { entries, steps, seeds, prompts, tolerance: usualTolerance, decides } = options;
  const { noise: model, length } = engine;
  const units = prompts.flatMap((text, prompt) =>
    seeds.flatMap((seed) =>
      entries.flatMap((entry) => steps.map((count) => ({ text, prompt, seed, entry, count }))),
    ),
  );
  const references = convergedRuns(engine, decides, store);
  /** Pictures of the references of one prompt and seed. */
  let pictures = { of: '', byKey: new Map<string, RgbaPicture>() };

  const referencePicture = async (key: string, seed: number, prompt: number) => {
    const of = `${prompt}/${seed}`;
    if (pictures.of !== of) pictures = { of, byKey: new Map() };
    const picture = pictures.byKey.get(key) ?? (await engine.decode(store.latents(key)));
    pictures.byKey.set(key, picture);
    return picture;
  };

  const run = async (
    { text, prompt, seed, entry, count }: (typeof units)[number],
    key: string,
    signal: AbortSignal,
  ): Promise<Cell> => {
    const { scheduler } = entry;
    const schedule = scheduler.schedule(model, count);
    const source = createNoiseSource({ rng: 'philox', seed, length });
    const start = source.normal().map((value) => value * schedule.initialScale);
    const { cache, interval } = entry.variation ?? {};
    const limits = interval && withinRun(schedule, interval.start, interval.end);
    const denoise = limits ? await engine.denoiser(text, limits) : await references.denoiser(text);
    const { latents, calls, finite, modelMs, noiseMs, arithmeticMs } = await timedRun(
      scheduler.solver,
      schedule,
      denoise,
      source,
      start,
      { signal, cache, ...(limits && { weight: (level) => (limits(level) ? 1 : 0.5) }) },
    );
    const picture = finite ? await decoded(engine, latents) : undefined;
    const cell: Cell = {
      testbed: 'checkpoint',
      entry: entry.id,
      steps: count,
      seed,
      prompt,
      calls,
      finite: picture !== undefined,
      totalMs: modelMs + noiseMs + arithmeticMs,
      modelMs,
      arithmeticMs,
      noiseMs,
      error: null,
      imageError: null,
      distance: null,
      key,
      hasPicture: picture !== undefined,
    };
    if (picture === undefined) {
      store.put(key, cell);
      return cell;
    }
    const reference = await references.solve(problemOf(schedule), seed, text, usualTolerance, signal);
    const isDeterministic = scheduler.noise === 'none';
    const measured: Cell = {
      ...cell,
      ...(isDeterministic && {
        error: rootMeanSquare(latents, store.latents(reference.key)),
        imageError: pictureDifference(picture, await referencePicture(reference.key, seed, prompt)),
      }),
    };
    store.put(key, measured, { latents, picture: await keptPicture(picture) });
    return measured;
  };

  return {
    id: 'checkpoint',
    work: units.map(({ entry, count, seed }) => ({
      label: `${entry.id}, ${count} steps, seed ${seed}`,
      cost: (entry.scheduler.modelCalls(entry.scheduler.schedule(model, count)) ?? 60) + decodeCost,
    })),
    async *cells(signal) {
      for (const unit of units) {
        const { text, seed, entry, count } = unit;
        const key = keyOf({
          cellVersion,
          ...decides,
          entry: entry.id,
          count,
          seed,
          text,
          tolerance: usualTolerance,
          ...(entry.variation && { variation: entry.variation }),
        });
        const known = store.get<Cell>(key);
        if (known === undefined) yield { cell: await run(unit, key, signal), stored: false };
        // The prompt's index is not part of the key: its text is.
        else yield { cell: { ...known, prompt: unit.prompt }, stored: true };
      }
    },
    reference(entry, count, seed, prompt) {
      const problem = problemOf(entry.scheduler.schedule(model, count));
      return references.find(problem, seed, prompts[prompt]!, usualTolerance);
    },
    async uncertainty(signal) {
      const { text, seed, entry, count } = units[0]!;
      const problem = problemOf(entry.scheduler.schedule(model, count));
      const usual = await references.solve(problem, seed, text, usualTolerance, signal);
      const finer = await references.solve(problem, seed, text, usualTolerance / 10, signal);
      return rootMeanSquare(store.latents(usual.key), store.latents(finer.key));
    },
  };
}

async function decoded(engine: Engine, latents: Float32Array): Promise<RgbaPicture | undefined> {
  try {
    return await engine.decode(latents);
  } catch (error) {
    if (error instanceof NonFinitePixelsError) return undefined;
    throw error;
  }
}
