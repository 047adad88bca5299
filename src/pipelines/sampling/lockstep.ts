import type { NoiseSource } from '../../numerics/noise-source.ts';
import type { Denoise, Estimates, NoiseLevel, Schedule, Solver } from '../../schedulers/scheduler.ts';

type Evaluate<Answer> = (samples: readonly Float32Array[], level: NoiseLevel) => Promise<Answer[]>;

/** A denoiser for several samples at one noise level. */
export interface DenoiseMany extends Evaluate<Float32Array> {
  /** Guided and unguided predictions apart (see Denoise). */
  readonly apart?: Evaluate<Estimates>;
}

interface Request {
  readonly latents: Float32Array;
  readonly level: NoiseLevel;
  readonly evaluate: Evaluate<unknown>;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Runs one solver per sample side by side and joins the evaluations they ask for at the same level into one
 * call, so that a solver only ever knows its own sample (an adaptive one may even walk other levels than its
 * neighbours). Yields the latents of all samples after each step; a finished sample stays as it is.
 * @param ofSample what each sample's solver asks in place of the denoiser of all.
 */
export async function* lockstep(
  solver: Solver,
  denoiseMany: DenoiseMany,
  latents: readonly Float32Array[],
  schedule: Schedule,
  noise: readonly NoiseSource[],
  ofSample: (denoise: Denoise, index: number) => Denoise = (denoise) => denoise,
): AsyncGenerator<Float32Array[]> {
  let running = 0;
  let waiting: Request[] = [];

  const evaluateOnceAllWait = () => {
    if (waiting.length === 0 || waiting.length < running) return;
    const requests = waiting;
    waiting = [];
    void answer(requests);
  };
  const asking =
    <Answer>(evaluate: Evaluate<Answer>) =>
    (sample: Float32Array, level: NoiseLevel) =>
      new Promise<Answer>((resolve, reject) => {
        waiting.push({
          latents: sample,
          level,
          evaluate,
          resolve: (value) => resolve(value as Answer),
          reject,
        });
        evaluateOnceAllWait();
      });
  const denoise: Denoise = Object.assign(
    asking(denoiseMany),
    denoiseMany.apart && { apart: asking(denoiseMany.apart) },
  );

  const current = [...latents];
  let solvers = current.map((sample, index) => ({
    index,
    steps: solver(ofSample(denoise, index), sample, schedule, noise[index]!),
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

async function answer(requests: readonly Request[]): Promise<void> {
  const groups = Map.groupBy(requests, ({ level }) => `${level.sigma}/${level.timestep}`);
  for (const group of groups.values()) {
    const { evaluate, level } = group[0]!;
    try {
      const answers = await evaluate(
        group.map((request) => request.latents),
        level,
      );
      for (const [index, request] of group.entries()) request.resolve(answers[index]!);
    } catch (error) {
      for (const request of group) request.reject(error);
    }
  }
}
