import type { InferenceSession } from './inference-session.ts';
import type { Tensors } from './tensor-values.ts';

/** A loaded graph. Runs asked for while one is under way wait for it. */
export interface NetworkSession {
  /**
   * The inputs' arrays must not change until the run has ended.
   * @param signal ends the run within the operator that is under way; the session can be used as before.
   * @param targets as RunOptions has them.
   * @returns the outputs by name.
   * @throws RuntimeError; the signal's reason; Error where the session is released.
   */
  run(inputs: Tensors, signal?: AbortSignal, targets?: Tensors): Promise<Tensors>;
  /**
   * Runs once on inputs of these shapes, whose values do not matter, and makes further runs on them faster.
   * Absent where nothing can.
   */
  capture?(inputs: Tensors): Promise<void>;
  /** As Warmable has it. */
  readonly warmedUp: Set<string>;
  release(): Promise<void>;
}

/** A session without capture: each of its runs is as long as the first. */
export function plainSession({ run, release }: InferenceSession): NetworkSession {
  return {
    warmedUp: new Set(),
    run: (inputs, signal, targets) => run(inputs, { signal, targets }),
    release,
  };
}
