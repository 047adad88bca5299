import type { EngineProcess } from './engine-process.ts';

/** Checkpoints that are loaded, or on their way, and the engine that has them or will. */
export interface EngineStay {
  readonly models: readonly string[];
  /** Rejects where they cannot be loaded, or nobody wants them any more. */
  readonly engine: Promise<EngineProcess>;
  /**
   * present: they are loaded. exchange: an engine of its own loads them for a job, in place of others.
   * addition: the engine loads them beside those it has. restoring: a new engine loads what the one before
   * had.
   */
  kind(): 'present' | 'exchange' | 'addition' | 'restoring';
  /** Aborted where nobody wants it any more. */
  readonly unwanted: AbortController;
}

/** What begins one; `unwanted` is aborted where nobody wants it any more. */
export type BeginStay = (unwanted: AbortSignal) => Promise<EngineProcess>;

/** @param onFailed hears of one that comes to nothing, before anybody who waits for its engine does. */
export function beginStay(
  kind: 'exchange' | 'addition' | 'restoring',
  models: readonly string[],
  begin: BeginStay,
  onFailed: (stay: EngineStay, error: Error) => void,
): EngineStay {
  const unwanted = new AbortController();
  const engine = begin(unwanted.signal);
  let isPresent = false;
  const stay: EngineStay = { models, engine, unwanted, kind: () => (isPresent ? 'present' : kind) };
  engine.then(
    () => {
      isPresent = true;
    },
    (error: Error) => onFailed(stay, error),
  );
  return stay;
}

/** An engine that was loaded before. */
export function presentStay(engine: EngineProcess): EngineStay {
  return {
    models: [...engine.resident()],
    engine: Promise.resolve(engine),
    unwanted: new AbortController(),
    kind: () => 'present',
  };
}

/** Whether everything is there, or comes. */
export function covers({ models }: EngineStay, needed: readonly string[]): boolean {
  return needed.every((name) => models.includes(name));
}
