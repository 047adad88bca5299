import { setTimeout } from 'node:timers/promises';
import { unlessAborted } from '../../../src/process/unless-aborted.ts';
import { LoadError } from '../checkpoints/load-checkpoints.ts';
import type { WithdrawnCheckpoints } from '../checkpoints/withdrawn-checkpoints.ts';
import type { Loss } from './engine-channel.ts';
import { type EngineOptions, type EngineProcess, silenceLimitsOf, startEngine } from './engine-process.ts';
import { beginStay, covers, type EngineStay, presentStay } from './engine-stay.ts';

export interface StayOptions extends EngineOptions {
  readonly withdrawn: WithdrawnCheckpoints;
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

/** Which checkpoints the engine has, from one stay to the next; one engine at a time. */
export interface EngineStays {
  current(): EngineStay;
  /** Checkpoints that are loaded, or are being loaded. */
  resident(): ReadonlySet<string>;
  /** Since checkpoints were last exchanged. */
  residentForMs(): number;
  /** The engine once it has these checkpoints; loads them where they are neither there nor on their way. */
  engineWith(models: readonly string[], signal: AbortSignal): Promise<EngineProcess>;
  /**
   * Takes a checkpoint off the device.
   * @throws Error where it is the only one.
   */
  unload(model: string): Promise<void>;
  /** Goes back from an exchange to what was loaded before. */
  abandon(exchange: EngineStay): void;
  close(): Promise<void>;
}

/** Resolves with the first engine loaded. */
export async function beginStays(options: StayOptions): Promise<EngineStays> {
  const { log, config, withdrawn, onUp, onDown, onResidency, onHopeless } = options;
  const { restartDelayMs = 500, maxRestarts = 5, limits = silenceLimitsOf(config) } = options;
  /** Engines whose end was asked for. */
  const replaced = new WeakSet<EngineProcess>();
  let closing = false;
  let resident: ReadonlySet<string> = new Set();
  let exchangedAt = performance.now();
  /** What to go back to: the checkpoints of the last engine that was up. */
  let settled: readonly string[] = [];

  const arrived = (engine: EngineProcess): void => {
    resident = engine.resident();
    for (const name of resident) withdrawn.loaded(name);
  };
  /** Since an engine has ended under its loading without a word of which checkpoint it was. */
  let inTurn = false;
  const start = async (models?: readonly string[], unwanted?: AbortSignal): Promise<EngineProcess> => {
    const engine = await startEngine({
      ...options,
      inTurn,
      limits,
      ...(models && { models }),
      ...(unwanted && { unwanted }),
    }).catch((error: unknown) => {
      inTurn ||= isCrash(error);
      throw error;
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

  const first = await start().catch((error: unknown) => {
    if (!isCrash(error)) throw error;
    log.error({ err: error }, 'the engine ended while it loaded: once more, one checkpoint after the other');
    return start();
  });
  let current: EngineStay = presentStay(first);
  return {
    current: () => current,
    resident: () => resident,
    residentForMs: () => performance.now() - exchangedAt,
    engineWith: async (models, signal) => {
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
    },
    unload: async (model) => {
      const engine = await current.engine;
      if (!engine.resident().has(model)) return;
      const others = [...engine.resident()].filter((name) => name !== model);
      if (others.length === 0) throw new Error(`${model} is the only checkpoint that is loaded`);
      current = exchange(others, [...engine.resident()]);
      onResidency();
      await current.engine;
    },
    abandon: (stay) => {
      if (closing || current !== stay || stay.kind() !== 'exchange') return;
      log.info({ abandoned: stay.models, loading: settled }, 'nobody wants the exchange any more');
      current = restore(settled, leave(stay));
      onResidency();
    },
    close: async () => {
      closing = true;
      current.unwanted.abort();
      const engine = await unlessAborted(
        current.engine,
        AbortSignal.timeout(1000),
        'it is not there in time',
      ).catch(() => undefined);
      await engine?.stop();
    },
  };
}

/** Whether an engine has ended, or had to be, before it could say why. */
function isCrash(error: unknown): boolean {
  return error instanceof LoadError && error.cause === undefined;
}
