import { NonFinitePixelsError } from '../../src/images/encode-image.ts';
import { createNoiseSource } from '../../src/numerics/noise-source.ts';
import type { Denoise } from '../../src/schedulers/scheduler.ts';
import { type Cell, cellVersion, type Testbed } from './cell.ts';
import { rootMeanSquare } from './distances.ts';
import type { Engine } from './engine.ts';
import type { Entry } from './entries.ts';
import { keptPicture, pictureDifference, type RgbaPicture } from './picture-difference.ts';
import { convergedLatents, type FlowProblem, flowOf, problemOf, solvedFlow } from './reference.ts';
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

/** A converged solution: its latents are stored under its key. */
export interface ConvergedRun {
  readonly calls: number;
  readonly key: string;
}

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
  const denoisers = new Map<string, Promise<Denoise>>();
  const denoiserOf = (text: string) => {
    const denoiser = denoisers.get(text) ?? engine.denoiser(text);
    denoisers.set(text, denoiser);
    return denoiser;
  };
  /** Pictures of the references of one prompt and seed. */
  let pictures = { of: '', byKey: new Map<string, RgbaPicture>() };

  const referenceKey = (problem: FlowProblem, seed: number, text: string, tolerance: number) =>
    keyOf({ cellVersion, ...decides, problem, seed, text, tolerance });

  const converge = async (
    problem: FlowProblem,
    seed: number,
    text: string,
    tolerance: number,
    signal: AbortSignal,
  ): Promise<ConvergedRun> => {
    const key = referenceKey(problem, seed, text, tolerance);
    const known = store.get<ConvergedRun>(key);
    if (known !== undefined) return known;
    const denoise = await denoiserOf(text);
    const clean = async (x: Float64Array, sigma: number) => {
      // The event loop's turn in which an interrupt is noticed.
      await new Promise((resolve) => setImmediate(resolve));
      return Float64Array.from(await denoise(Float32Array.from(x), model.levelAt(sigma)));
    };
    const flow = flowOf(problem, model);
    const flowKey = keyOf({ cellVersion, ...decides, flow, seed, text, tolerance });
    let calls = store.get<number>(flowKey);
    if (calls === undefined) {
      const normals = createNoiseSource({ rng: 'philox', seed, length }).normal();
      const solved = await solvedFlow(clean, flow, normals, { tolerance, signal });
      calls = solved.calls;
      store.put(flowKey, calls, { latents: Float32Array.from(solved.x) });
    }
    const solved = Float64Array.from(store.latents(flowKey));
    const latents = Float32Array.from(await convergedLatents(clean, model, problem, solved));
    const picture = await keptPicture(await engine.decode(latents));
    const run = { calls, key };
    store.put(key, run, { latents, picture });
    return run;
  };

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
    const denoise = await denoiserOf(text);
    const { latents, calls, finite, modelMs, noiseMs, arithmeticMs } = await timedRun(
      scheduler.solver,
      schedule,
      denoise,
      source,
      start,
      signal,
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
    const reference = await converge(problemOf(schedule), seed, text, usualTolerance, signal);
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
        });
        const known = store.get<Cell>(key);
        if (known === undefined) yield { cell: await run(unit, key, signal), stored: false };
        // The prompt's index is not part of the key: its text is.
        else yield { cell: { ...known, prompt: unit.prompt }, stored: true };
      }
    },
    reference(entry, count, seed, prompt) {
      const problem = problemOf(entry.scheduler.schedule(model, count));
      return store.get<ConvergedRun>(referenceKey(problem, seed, prompts[prompt]!, usualTolerance));
    },
    async uncertainty(signal) {
      const { text, seed, entry, count } = units[0]!;
      const problem = problemOf(entry.scheduler.schedule(model, count));
      const usual = await converge(problem, seed, text, usualTolerance, signal);
      const finer = await converge(problem, seed, text, usualTolerance / 10, signal);
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
