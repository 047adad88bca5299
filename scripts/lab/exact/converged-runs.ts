import { createNoiseSource } from '../../../src/numerics/noise-source.ts';
import type { Denoise } from '../../../src/schedulers/scheduler.ts';
import { keptPicture } from '../measures/picture-difference.ts';
import { cellVersion } from '../testbeds/cell.ts';
import type { Engine } from '../testbeds/engine.ts';
import { keyOf, type Store } from '../testbeds/store.ts';
import { convergedLatents, type FlowProblem, flowOf, solvedFlow } from './reference.ts';

/** A converged solution: its latents and its picture are stored under its key. */
export interface ConvergedRun {
  readonly calls: number;
  readonly key: string;
}

export interface ConvergedRuns {
  /** A prompt's denoiser, its text encoded once. */
  denoiser(text: string): Promise<Denoise>;
  /** Solves a problem from a seed's noise, or takes it from the store. */
  solve(
    problem: FlowProblem,
    seed: number,
    text: string,
    tolerance: number,
    signal: AbortSignal,
  ): Promise<ConvergedRun>;
  /** What the store has. */
  find(problem: FlowProblem, seed: number, text: string, tolerance: number): ConvergedRun | undefined;
}

/** The converged solutions of an engine. @param decides what else decides them, see CheckpointOptions. */
export function convergedRuns(
  engine: Engine,
  decides: Readonly<Record<string, unknown>>,
  store: Store,
): ConvergedRuns {
  const { noise: model, length } = engine;
  const denoisers = new Map<string, Promise<Denoise>>();
  const denoiserOf = (text: string) => {
    const denoiser = denoisers.get(text) ?? engine.denoiser(text);
    denoisers.set(text, denoiser);
    return denoiser;
  };
  const keyFor = (problem: FlowProblem, seed: number, text: string, tolerance: number) =>
    keyOf({ cellVersion, ...decides, problem, seed, text, tolerance });

  const solve = async (
    problem: FlowProblem,
    seed: number,
    text: string,
    tolerance: number,
    signal: AbortSignal,
  ): Promise<ConvergedRun> => {
    const key = keyFor(problem, seed, text, tolerance);
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

  return {
    denoiser: denoiserOf,
    solve,
    find: (problem, seed, text, tolerance) => store.get(keyFor(problem, seed, text, tolerance)),
  };
}
