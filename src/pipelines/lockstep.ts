import type { NoiseSource } from '../numerics/noise-source.ts';
import type { Denoise, NoiseLevel, Schedule, Solver } from '../schedulers/scheduler.ts';

/** A denoiser for several samples at one noise level. */
export type DenoiseMany = (samples: readonly Float32Array[], level: NoiseLevel) => Promise<Float32Array[]>;

interface Request {
  readonly latents: Float32Array;
  readonly level: NoiseLevel;
  readonly resolve: (clean: Float32Array) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Runs one solver per sample side by side and joins the evaluations they ask for at the same level into one
 * call, so that a solver only ever knows its own sample (an adaptive one may even walk other levels than its
 * neighbours). Yields the latents of all samples after each step; a finished sample stays as it is.
 */
export async function* lockstep(
  solver: Solver,
  denoiseMany: DenoiseMany,
  latents: readonly Float32Array[],
  schedule: Schedule,
  noise: readonly NoiseSource[],
): AsyncGenerator<Float32Array[]> {
  let running = 0;
  let waiting: Request[] = [];

  const evaluateOnceAllWait = () => {
    if (waiting.length === 0 || waiting.length < running) return;
    const requests = waiting;
    waiting = [];
    void evaluate(denoiseMany, requests);
  };
  const denoise: Denoise = (sample, level) =>
    new Promise((resolve, reject) => {
      waiting.push({ latents: sample, level, resolve, reject });
      evaluateOnceAllWait();
    });

  const current = [...latents];
  let solvers = current.map((sample, index) => ({
    index,
    steps: solver(denoise, sample, schedule, noise[index]!),
  }));
  try {
    while (true) {
      running = solvers.length;
      const results = await Promise.all(
        solvers.map(async (entry) => {
          try {
            return { entry, result: await entry.steps.next() };
          } finally {
            running--;
            evaluateOnceAllWait();
          }
        }),
      );
      solvers = [];
      for (const { entry, result } of results) {
        if (result.done === true) continue;
        current[entry.index] = result.value;
        solvers.push(entry);
      }
      if (solvers.length === 0) return;
      yield [...current];
    }
  } finally {
    await Promise.all(solvers.map(({ steps }) => steps.return(undefined)));
  }
}

async function evaluate(denoiseMany: DenoiseMany, requests: readonly Request[]): Promise<void> {
  const groups = Map.groupBy(requests, ({ level }) => `${level.sigma}/${level.timestep}`);
  for (const group of groups.values()) {
    try {
      const clean = await denoiseMany(
        group.map((request) => request.latents),
        group[0]!.level,
      );
      for (const [index, request] of group.entries()) request.resolve(clean[index]!);
    } catch (error) {
      for (const request of group) request.reject(error);
    }
  }
}
