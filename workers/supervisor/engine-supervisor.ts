import { setTimeout } from 'node:timers/promises';
import { checkpointsOf } from '../../src/contract/routes.ts';
import { JobError } from '../../src/jobs/job-error.ts';
import { type Capabilities, capabilitiesOf, modelsBehind } from '../capabilities.ts';
import type { Loss } from './engine-channel.ts';
import { type EngineOptions, type EngineProcess, silenceLimitsOf, startEngine } from './engine-process.ts';
import { beginStay, covers, type EngineStay, presentStay } from './engine-stay.ts';
import { LoadError } from './load-checkpoints.ts';
import { createWithdrawnCheckpoints, type WithdrawalOptions } from './withdrawn-checkpoints.ts';

export interface SupervisorOptions extends EngineOptions, Pick<WithdrawalOptions, 'withdrawMs'> {
  /** A new engine is ready for requests. */
  readonly onUp: (engine: EngineProcess) => void;
  /** The engine has ended unasked, or could not be exchanged; a new one is on its way. */
  readonly onDown: (loss: Loss) => void;
  /** Other checkpoints are loaded, or about to be, or are served. */
  readonly onResidency: () => void;
  /** Several engines in a row could not be started: this worker is of no use. */
  readonly onHopeless: (error: Error) => void;
  /** Wait before the first restart; doubles with each that fails. */
  readonly restartDelayMs?: number;
  readonly maxRestarts?: number;
}

/** Keeps one engine process alive, with the checkpoints that are asked for. */
export interface EngineSupervisor {
  /** Of everything that is installed. */
  readonly capabilities: Capabilities;
  /** The same without the checkpoints that could not be loaded lately. */
  offered(): Capabilities;
  /**
   * Runs on the present engine, or on the next one when it is being replaced. One at a time; later calls
   * wait. Checkpoints that are missing are loaded first: beside the present ones where there is room, else in
   * an engine that takes the present one's place, because only the end of a process surely returns its
   * memory. Where nobody wants the missing ones any more, the present ones come back.
   * @throws JobError as EngineProcess.run, and where a checkpoint is not served or cannot be loaded.
   */
  readonly run: EngineProcess['run'];
  /**
   * Loads a checkpoint (in place of the present ones where there is no room beside them) or takes it off the
   * device, once the jobs asked for before are done. The last one stays: an engine without a checkpoint could
   * do nothing.
   * @throws Error where no checkpoint of that name is installed, where it cannot be loaded, or is the last.
   */
  hold(model: string, loaded: boolean): Promise<void>;
  /** Checkpoints that are loaded, or are being loaded. */
  resident(): ReadonlySet<string>;
  /** Since checkpoints were last exchanged. */
  residentForMs(): number;
  close(): Promise<void>;
}

/** An exchange whose job has gone is left after this long: the next job may want the same checkpoints. */
const unwantedMs = 1000;

/**
 * Resolves with the first engine loaded.
 * @throws when that fails: wrong checkpoints are the operator's to mend.
 */
export async function superviseEngine(options: SupervisorOptions): Promise<EngineSupervisor> {
  const { log, config, onUp, onDown, onResidency, onHopeless } = options;
  const { restartDelayMs = 500, maxRestarts = 5, limits = silenceLimitsOf(config) } = options;
  const withdrawn = createWithdrawnCheckpoints({ ...options, onChange: onResidency });
  /** Engines whose end was asked for. */
  const replaced = new WeakSet<EngineProcess>();
  let closing = false;
  const closingSoon = new AbortController();
  let resident: ReadonlySet<string> = new Set();
  let exchangedAt = performance.now();
  /** Calls of `run` that have not ended. */
  let wanted = 0;

  const arrived = (engine: EngineProcess): void => {
    resident = engine.resident();
    for (const name of resident) withdrawn.loaded(name);
  };
  const start = async (models?: readonly string[], unwanted?: AbortSignal): Promise<EngineProcess> => {
    const engine = await startEngine({
      ...options,
      limits,
      ...(models && { models }),
      ...(unwanted && { unwanted }),
    });
    if (closing || unwanted?.aborted) {
      await engine.stop();
      throw new Error('the engine is not wanted any more');
    }
    arrived(engine);
    onUp(engine);
    void engine.lost.then((loss) => {
      if (closing || replaced.has(engine)) return;
      log.error({ enginePid: engine.pid, how: loss.how }, 'engine ended');
      onDown(loss);
      current = restore([...engine.resident()], engine.ended);
    });
    return engine;
  };
  /** Ends the engine of a stay, wherever it is on its way. */
  const leave = async (stay: EngineStay): Promise<void> => {
    stay.unwanted.abort();
    const engine = await stay.engine.catch(() => undefined);
    if (engine === undefined) return;
    replaced.add(engine);
    await engine.stop();
  };

  const restore = (models: readonly string[], after: Promise<unknown>): EngineStay => {
    resident = new Set(models);
    const begin = async (unwanted: AbortSignal): Promise<EngineProcess> => {
      await after;
      for (let attempt = 1; ; attempt++) {
        await setTimeout(restartDelayMs * 2 ** (attempt - 1), undefined, { signal: unwanted });
        try {
          return await start(models, unwanted);
        } catch (error) {
          if (closing || unwanted.aborted || attempt === maxRestarts) throw error;
          log.error({ err: error, attempt, maxRestarts }, 'engine could not be restarted');
        }
      }
    };
    return beginStay('restoring', models, begin, (stay, error) => {
      if (!closing && current === stay) onHopeless(error);
    });
  };
  const onFailed =
    (before: readonly string[], ended?: Promise<unknown>) => (stay: EngineStay, error: Error) => {
      if (closing || current !== stay) return;
      log.error({ err: error, models: stay.models }, 'checkpoints could not be loaded');
      if (error instanceof LoadError && error.checkpoint !== undefined) withdrawn.failed(error.checkpoint);
      onDown({ how: error.message, hung: false });
      current = restore(before, ended ?? Promise.resolve());
      onResidency();
    };
  const exchange = (models: readonly string[], before: readonly string[]): EngineStay => {
    log.info({ unloaded: before, loading: models }, 'engine exchanged for other checkpoints');
    resident = new Set(models);
    exchangedAt = performance.now();
    const left = leave(current);
    const begin = (unwanted: AbortSignal) => left.then(() => start(models, unwanted));
    return beginStay('exchange', models, begin, onFailed(before));
  };
  const add = (engine: EngineProcess, models: readonly string[]): EngineStay => {
    const before = [...engine.resident()];
    const all = [...before, ...models];
    resident = new Set(all);
    replaced.add(engine);
    const begin = async (): Promise<EngineProcess> => {
      await engine.load(models);
      replaced.delete(engine);
      arrived(engine);
      return engine;
    };
    return beginStay('addition', all, begin, onFailed(before, engine.ended));
  };

  /** What to go back to: the checkpoints of the last engine that was up. */
  let settled: readonly string[] = [];
  /** The engine once it has these checkpoints; loads them where they are neither there nor on their way. */
  const engineWith = async (models: readonly string[], signal: AbortSignal): Promise<EngineProcess> => {
    for (;;) {
      signal.throwIfAborted();
      const stay = current;
      if (covers(stay, models)) return await stay.engine;
      if (stay.kind() === 'addition') await stay.engine.catch(() => undefined);
      else if (stay.kind() === 'present') {
        const engine = await stay.engine;
        if (current !== stay || signal.aborted) continue;
        settled = stay.models;
        const missing = models.filter((name) => !engine.resident().has(name));
        const hasRoom = engine.resident().size + missing.length <= config.residentModels;
        current = hasRoom ? add(engine, missing) : exchange(models, settled);
        onResidency();
      } else {
        if (stay.kind() === 'restoring') settled = stay.models;
        current = exchange(models, settled);
        onResidency();
      }
    }
  };
  const orJobError = (models: readonly string[]) => (cause: unknown) => {
    const at = (cause instanceof LoadError && cause.checkpoint) || models.join(', ');
    throw notLoaded(at, { retryable: true, cause });
  };
  /** Its job has gone. */
  const leaveUnwanted = async (): Promise<void> => {
    const stay = current;
    if (stay.kind() !== 'exchange') return;
    await setTimeout(unwantedMs, undefined, { ref: false });
    if (closing || wanted > 0 || current !== stay || stay.kind() !== 'exchange') return;
    log.info({ abandoned: stay.models, loading: settled }, 'nobody wants the exchange any more');
    current = restore(settled, leave(stay));
    onResidency();
  };

  let current: EngineStay = presentStay(await start());
  const { capabilities } = await current.engine;
  let previous: Promise<unknown> = Promise.resolve();
  return {
    capabilities,
    offered: () =>
      capabilitiesOf(
        capabilities.models.filter(({ name }) => !withdrawn.has(name)),
        capabilities.sizeMultiple,
      ),
    run: (request, context) => {
      const { signal } = context;
      const names = checkpointsOf(request);
      const models = modelsBehind(names, capabilities.models);
      if (models === undefined)
        return Promise.reject(
          new JobError(`checkpoint ${names.join(' or ')} is not installed on this worker`, {
            retryable: false,
          }),
        );
      wanted += 1;
      const ready = previous.then(async () => {
        signal.throwIfAborted();
        const broken = models.find(withdrawn.has);
        if (broken !== undefined) throw notLoaded(broken, { retryable: false });
        return await engineWith(models, signal).catch(orJobError(models));
      });
      const result = unlessAborted(ready, signal)
        .then((engine) => engine.run(request, context))
        .finally(() => {
          wanted -= 1;
          if (signal.aborted) void leaveUnwanted();
        });
      // Of the outcome nothing stays: it holds pictures.
      previous = result.then(
        () => undefined,
        () => undefined,
      );
      return result;
    },
    hold: (model, loaded) => {
      if (!capabilities.models.some(({ name }) => name === model))
        return Promise.reject(new Error(`no checkpoint ${model} is installed`));
      const change = previous.then(async () => {
        const signal = closingSoon.signal;
        if (loaded) return void (await engineWith([model], signal));
        const engine = await current.engine;
        if (!engine.resident().has(model)) return;
        const others = [...engine.resident()].filter((name) => name !== model);
        if (others.length === 0) throw new Error(`${model} is the only checkpoint that is loaded`);
        current = exchange(others, [...engine.resident()]);
        onResidency();
        await current.engine;
      });
      previous = change.catch(() => undefined);
      return change;
    },
    resident: () => resident,
    residentForMs: () => performance.now() - exchangedAt,
    close: async () => {
      closing = true;
      closingSoon.abort();
      withdrawn.close();
      current.unwanted.abort();
      const engine = await unlessAborted(current.engine, AbortSignal.timeout(1000)).catch(() => undefined);
      await engine?.stop();
    },
  };
}

function notLoaded(checkpoint: string, options: { retryable: boolean; cause?: unknown }): JobError {
  return new JobError(`The checkpoint ${checkpoint} could not be loaded on this worker`, options);
}

function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(new Error('aborted while waiting for an engine'));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
