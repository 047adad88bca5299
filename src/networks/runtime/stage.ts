import { openInferenceSession } from './inference-session.ts';
import type { Feeds } from './runs/one-run.ts';
import type { SessionOptions } from './session-options.ts';
import type { Tensor, Tensors, TensorValue } from './tensor-values.ts';

/** A model's bytes, and how to load it. */
export interface RuntimeModel {
  readonly model: Uint8Array;
  readonly options: SessionOptions;
}

/**
 * A model whose outputs are further inputs of another. It runs when its own inputs differ from those of the
 * last run; until then its outputs stay where they are.
 */
export interface SteadyModel extends RuntimeModel {
  readonly inputs: readonly string[];
}

/** One part of a graph. Runs must not overlap. */
export interface Stage {
  /**
   * @param into values to write outputs to.
   * @returns the outputs where the runtime has them; the caller releases them.
   */
  run(
    feeds: Feeds,
    signal: AbortSignal | undefined,
    into?: Readonly<Record<string, TensorValue>>,
  ): Promise<Record<string, TensorValue>>;
  release(): Promise<void>;
}

/** @throws Error where a model does not load; nothing of the other stays then. */
export async function openStage(main: RuntimeModel, steady?: SteadyModel): Promise<Stage> {
  const session = await openInferenceSession(main.model, main.options);
  if (steady === undefined)
    return {
      release: session.release,
      run: (feeds, signal, into = {}) => session.runHeld(feeds, { signal, into }),
    };
  // After the other: while a model loads, some of its weights are in memory twice.
  const second = await openInferenceSession(steady.model, steady.options).catch(async (error: unknown) => {
    await session.release();
    throw error;
  });

  /** What the steady model has last seen and made. */
  let seen: Tensors = {};
  let kept: Record<string, TensorValue> = {};
  const forget = (): void => {
    for (const value of Object.values(kept)) value.release();
    [seen, kept] = [{}, {}];
  };
  return {
    run: async (feeds, signal, into = {}) => {
      const [own, rest]: [Record<string, Tensor>, Record<string, Tensor | TensorValue>] = [{}, {}];
      for (const [name, feed] of Object.entries(feeds))
        if (steady.inputs.includes(name) && 'data' in feed) own[name] = feed;
        else rest[name] = feed;
      if (!Object.entries(own).every(([name, tensor]) => isSame(tensor, seen[name]))) {
        // Forgotten first: what a refused input leaves behind is never taken for its result.
        forget();
        kept = await second.runHeld(own, { signal });
        seen = Object.fromEntries(
          Object.entries(own).map(([name, { data, shape }]) => [name, { data: data.slice(), shape }]),
        );
      }
      return session.runHeld({ ...rest, ...kept }, { signal, into });
    },
    release: async () => {
      await Promise.all([session.release(), second.release()]);
      forget();
    },
  };
}

function isSame(a: Tensor, b: Tensor | undefined): boolean {
  if (b === undefined || a.data.length !== b.data.length) return false;
  for (let index = 0; index < a.data.length; index++) if (a.data[index] !== b.data[index]) return false;
  return a.shape.every((side, axis) => side === b.shape[axis]);
}
