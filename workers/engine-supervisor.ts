import { setTimeout } from 'node:timers/promises';
import { type EngineOptions, type EngineProcess, startEngine } from './engine-process.ts';

export interface SupervisorOptions extends EngineOptions {
  /** A new engine is ready for requests. */
  readonly onUp: (engine: EngineProcess) => void;
  /** The engine has ended; a new one is on its way. */
  readonly onDown: (how: string) => void;
  /** Several engines in a row could not be started: this worker is of no use. */
  readonly onHopeless: (error: Error) => void;
  /** Wait before the first restart; doubles with each that fails. */
  readonly restartDelayMs?: number;
  readonly maxRestarts?: number;
}

/** Keeps one engine process alive. */
export interface EngineSupervisor {
  /** Runs on the present engine, or on the next one when it is being replaced. One at a time; later calls wait. */
  readonly run: EngineProcess['run'];
  close(): Promise<void>;
}

/** Resolves with the first engine loaded. @throws when that fails: wrong checkpoints are the operator's to mend. */
export async function superviseEngine(options: SupervisorOptions): Promise<EngineSupervisor> {
  const { log, onUp, onDown, onHopeless, restartDelayMs = 500, maxRestarts = 5 } = options;
  const closing = new AbortController();

  const watch = (engine: EngineProcess): EngineProcess => {
    onUp(engine);
    void engine.ended.then((how) => {
      if (closing.signal.aborted) return;
      onDown(how);
      current = restart();
      current.catch((error: Error) => {
        if (!closing.signal.aborted) onHopeless(error);
      });
    });
    return engine;
  };
  const restart = async (): Promise<EngineProcess> => {
    for (let attempt = 1; ; attempt++) {
      await setTimeout(restartDelayMs * 2 ** (attempt - 1), undefined, { signal: closing.signal });
      try {
        const engine = await startEngine(options);
        if (closing.signal.aborted) await engine.stop();
        closing.signal.throwIfAborted();
        return watch(engine);
      } catch (error) {
        if (closing.signal.aborted || attempt === maxRestarts) throw error;
        log.error({ err: error, attempt, maxRestarts }, 'engine could not be restarted');
      }
    }
  };

  let current = Promise.resolve(watch(await startEngine(options)));
  let previous: Promise<unknown> = Promise.resolve();
  return {
    run: (request, inputImage, signal, onProgress) => {
      const result = previous.then(async () => {
        const engine = await unlessAborted(current, signal);
        return engine.run(request, inputImage, signal, onProgress);
      });
      previous = result.catch(() => undefined);
      return result;
    },
    close: async () => {
      closing.abort(new Error('the worker is shutting down'));
      const engine = await unlessAborted(current, AbortSignal.timeout(1000)).catch(() => undefined);
      await engine?.stop();
    },
  };
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new Error('aborted while waiting for an engine'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
