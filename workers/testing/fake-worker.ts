import assert from 'node:assert/strict';
import path from 'node:path';
import { readConfig } from '../../src/config/config.ts';
import { type RunningWorker, runWorker, type WorkerOptions } from '../supervisor/run-worker.ts';
import { openTestQueue, silentLog, type TestQueue } from './queue.ts';

/** A worker with the fake engine, in the process of the test. @param settings of its environment. */
export async function runFakeWorker(
  { redis }: Pick<TestQueue, 'redis'>,
  settings: Record<string, string> = {},
  options: Partial<WorkerOptions> = {},
): Promise<RunningWorker & AsyncDisposable> {
  const worker = await runWorker({
    config: readConfig(settings),
    redisUrl: redis.url,
    engineFile: path.join(import.meta.dirname, 'engine.ts'),
    log: silentLog,
    onHopeless: (error) => assert.fail(error),
    ...options,
  });
  return { ...worker, [Symbol.asyncDispose]: worker.close };
}

/** A queue and its worker with the fake engine, which notices soon what has died. */
export async function openWorkedQueue() {
  const queue = await openTestQueue();
  const worker = await runFakeWorker(
    queue,
    { ENGINE_BATCH: '4' },
    { lockDurationMs: 1000, stalledIntervalMs: 500, restartDelayMs: 50 },
  );
  const close = async (): Promise<void> => {
    await worker.close();
    await queue.close();
  };
  return { queue, worker, close };
}
