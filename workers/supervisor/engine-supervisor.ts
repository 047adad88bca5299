import { setTimeout } from 'node:timers/promises';
import { checkpointsOf } from '../../src/contract/routes.ts';
import { JobError } from '../../src/jobs/job-error.ts';
import { type Capabilities, modelsBehind } from '../capabilities.ts';
import type { Loss } from './engine-channel.ts';
import { type EngineOptions, type EngineProcess, silenceLimitsOf, startEngine } from './engine-process.ts';

export interface SupervisorOptions extends EngineOptions {
  /** A new engine is ready for requests. */
  readonly onUp: (engine: EngineProcess) => void;
  /** The engine has ended unasked; a new one is on its way. */
  readonly onDown: (loss: Loss) => void;
  /** Other checkpoints are loaded, or about to be. */
  readonly onResidency: () => void;
  /** Several engines in a row could not be started: this worker is of no use. */
  readonly onHopeless: (error: Error) => void;
  /** Wait before the first restart; doubles with each that fails. */
  readonly restartDelayMs?: number;
  readonly maxRestarts?: number;
}

/** Keeps one engine process alive, with the checkpoints that are asked for. */
export interface EngineSupervisor {
  readonly capabilities: Capabilities;
  /**
   * Runs on the present engine, or on the next one when it is being replaced. One at a time; later calls
   * wait. Checkpoints that are missing are loaded first: beside the present ones where there is room, else in
   * an engine that takes the present one's place, because only the end of a process surely returns its
   * memory.
   * @throws JobError as EngineProcess.run, and where a checkpoint is not served or cannot be loaded.
   */
  readonly run: EngineProcess['run'];
  /** Checkpoints that are loaded, or are being loaded. */
  resident(): ReadonlySet<string>;
  /** Since checkpoints were last exchanged. */
  residentForMs(): number;
  close(): Promise<void>;
}

/**
 * Resolves with the first engine loaded.
 * @throws when that fails: wrong checkpoints are the operator's to mend.
 */
export async function superviseEngine(options: SupervisorOptions): Promise<EngineSupervisor> {
  const { log, config, onUp, onDown, onResidency, onHopeless } = options;
  const { restartDelayMs = 500, maxRestarts = 5, limits = silenceLimitsOf(config) } = options;
  const closing = new AbortController();
  /** Engines whose end was asked for. */
  const replaced = new WeakSet<EngineProcess>();

  const watch = (engine: EngineProcess): EngineProcess => {
    resident = engine.resident();
    onUp(engine);
    void engine.lost.then((loss) => {
      if (closing.signal.aborted || replaced.has(engine)) return;
      onDown(loss);
      become(engine.ended.then(() => restart([...engine.resident()])));
    });
    return engine;
  };
  const start = async (models?: readonly string[]): Promise<EngineProcess> => {
    const engine = await startEngine({ ...options, limits, ...(models && { models }) });
    if (closing.signal.aborted) await engine.stop();
    closing.signal.throwIfAborted();
    return watch(engine);
  };
  const restart = async (models: readonly string[]): Promise<EngineProcess> => {
    for (let attempt = 1; ; attempt++) {
      await setTimeout(restartDelayMs * 2 ** (attempt - 1), undefined, { signal: closing.signal });
      try {
        return await start(models);
      } catch (error) {
        if (closing.signal.aborted || attempt === maxRestarts) throw error;
        log.error({ err: error, attempt, maxRestarts }, 'engine could not be restarted');
      }
    }
  };
  const become = (next: Promise<EngineProcess>): void => {
    current = next;
    current.catch((error: Error) => {
      if (!closing.signal.aborted) onHopeless(error);
    });
  };

  const exchange = async (old: EngineProcess, models: readonly string[]): Promise<EngineProcess> => {
    const before = [...old.resident()];
    log.info({ unloaded: before, loading: models }, 'engine exchanged for other checkpoints');
    replaced.add(old);
    resident = new Set(models);
    exchangedAt = performance.now();
    onResidency();
    const next = old.stop().then(() => start(models));
    become(
      next.catch(() => {
        resident = new Set(before);
        onResidency();
        return restart(before);
      }),
    );
    return await next;
  };
  const add = async (engine: EngineProcess, models: readonly string[]): Promise<EngineProcess> => {
    resident = new Set([...engine.resident(), ...models]);
    onResidency();
    try {
      await engine.load(models);
      return engine;
    } catch (error) {
      resident = engine.resident();
      throw error;
    }
  };
  /**
   * The engine once it has these checkpoints. Goes on when the job that asked has gone: the next one waits
   * for it.
   */
  const engineWith = async (models: readonly string[]): Promise<EngineProcess> => {
    const engine = await current;
    const missing = models.filter((name) => !engine.resident().has(name));
    if (missing.length === 0) return engine;
    try {
      return engine.resident().size + missing.length <= config.residentModels
        ? await add(engine, missing)
        : await exchange(engine, models);
    } catch (cause) {
      log.error({ err: cause, models: missing }, 'checkpoints could not be loaded');
      throw new JobError(`The checkpoint ${missing.join(', ')} could not be loaded on this worker`, {
        retryable: true,
        cause,
      });
    }
  };

  let exchangedAt = performance.now();
  let resident: ReadonlySet<string> = new Set();
  let current = start();
  const { capabilities } = await current;
  let previous: Promise<unknown> = Promise.resolve();
  return {
    capabilities,
    run: (request, inputImage, signal, onProgress) => {
      const names = checkpointsOf(request);
      const models = modelsBehind(names, capabilities.models);
      if (models === undefined)
        return Promise.reject(
          new JobError(`checkpoint ${names.join(' or ')} is not installed on this worker`, {
            retryable: false,
          }),
        );
      const ready = previous.then(() => {
        signal.throwIfAborted();
        return engineWith(models);
      });
      const result = unlessAborted(ready, signal).then((engine) =>
        engine.run(request, inputImage, signal, onProgress),
      );
      // Of the outcome nothing stays: it holds pictures.
      previous = Promise.allSettled([ready, result]).then(() => undefined);
      return result;
    },
    resident: () => resident,
    residentForMs: () => performance.now() - exchangedAt,
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
