import { setTimeout } from 'node:timers';
import type { Config } from '../../../src/config/config.ts';
import type { Log } from '../../../src/jobs/log.ts';
import type { RunningWorker, WorkerOptions } from '../run-worker.ts';

export interface DeviceWorkersOptions {
  /** One for each device. */
  readonly configs: readonly Config[];
  readonly log: Log;
  /** Starts the worker of a device. @throws where it cannot take jobs. */
  run(
    config: Config,
    heard: Pick<WorkerOptions, 'onRescan' | 'onHopeless'>,
  ): Promise<Pick<RunningWorker, 'id' | 'close'>>;
  /** No device takes jobs any more, of the last one for this reason. */
  onNone(error: unknown): void;
  /** A device that has failed is tried again after this long, then after twice as long each time. */
  readonly firstPauseMs?: number;
}

export interface DeviceWorkers {
  /** Every job in hand waits again for another worker; then everything ends. */
  close(): Promise<void>;
}

const longestPauseMs = 600_000;

/** The worker of one device. */
interface Kept {
  readonly start: () => Promise<void>;
  readonly close: () => Promise<void>;
  readonly failed: () => boolean;
}

/**
 * Keeps a worker running on each device of this process, each for itself: one whose device fails is tried
 * again while the others take jobs. Resolves once the first takes jobs.
 * @throws Error where none can start, with the reason of each; for a single device its own error.
 */
export async function startDeviceWorkers(options: DeviceWorkersOptions): Promise<DeviceWorkers> {
  const { configs, onNone } = options;
  let isUp = false;
  const kept: Kept[] = [];
  const onFailure = (error: unknown): void => {
    if (isUp && kept.every(({ failed }) => failed())) onNone(error);
  };
  for (const config of configs) kept.push(keepWorker(config, options, onFailure));
  const workers = { close: async () => void (await Promise.all(kept.map(({ close }) => close()))) };
  const starts = kept.map(({ start }) => start());
  try {
    await Promise.any(starts);
  } catch (error) {
    await workers.close();
    const { errors } = error as AggregateError;
    throw errors.length === 1 ? errors[0] : new Error(reasons(configs, errors), { cause: errors });
  }
  isUp = true;
  return workers;
}

function reasons(configs: readonly Config[], errors: readonly unknown[]): string {
  return configs.map(({ device }, index) => `${device}: ${(errors[index] as Error).message}`).join('\n');
}

function keepWorker(
  config: Config,
  { configs, log, run, firstPauseMs = 30_000 }: DeviceWorkersOptions,
  onFailure: (error: unknown) => void,
): Kept {
  const { device, deviceReason } = config;
  let worker: Pick<RunningWorker, 'id' | 'close'> | undefined;
  let stopping: Promise<void> | undefined;
  let isClosed = false;
  let hasFailed = false;
  let pauseMs = firstPauseMs;
  let retry: NodeJS.Timeout | undefined;
  // What happens to it is dealt with one after another; a loss may be told before its start has returned.
  let last: Promise<void> = Promise.resolve();
  const next = (act: () => Promise<void>): Promise<void> => {
    const done = last.then(act);
    last = done.catch(() => undefined);
    return done;
  };

  const up = async (): Promise<void> => {
    if (isClosed) return;
    const started = await run(config, {
      onRescan: () => void next(again).catch(fail),
      onHopeless: (error) =>
        void next(async () => {
          await down();
          throw error;
        }).catch(fail),
    });
    if (isClosed) return await started.close();
    worker = started;
    hasFailed = false;
    log.info({ id: started.id, device, deviceReason }, 'worker takes jobs');
  };
  const down = async (): Promise<void> => {
    const before = worker;
    worker = undefined;
    stopping = before?.close();
    await stopping;
  };
  /** With the job in hand given back to its queue: another worker, or this one, makes it. */
  const again = async (): Promise<void> => {
    log.info({ device }, 'worker starts again with what the models folder holds now');
    await down();
    await up();
    pauseMs = firstPauseMs;
  };
  const fail = (error: unknown): void => {
    if (isClosed) return;
    hasFailed = true;
    const others = configs.length > 1 && { retryMs: pauseMs };
    log.error({ err: error, device, ...others }, 'this device takes no jobs');
    if (configs.length > 1) {
      retry = setTimeout(() => void next(up).catch(fail), pauseMs);
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
    onFailure(error);
  };

  return {
    start: () => {
      const first = next(up);
      first.catch(fail);
      return first;
    },
    close: async () => {
      isClosed = true;
      clearTimeout(retry);
      await Promise.all([stopping, down()]);
    },
    failed: () => hasFailed,
  };
}
