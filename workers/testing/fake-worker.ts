import assert from 'node:assert/strict';
import path from 'node:path';
import { readConfig } from '../../src/config/config.ts';
import { type RunningWorker, runWorker, type WorkerOptions } from '../supervisor/run-worker.ts';
import { silentLog, type TestQueue } from './queue.ts';

/** A worker with the fake engine, in the process of the test. @param settings of its environment. */
export function runFakeWorker(
  { redis }: Pick<TestQueue, 'redis'>,
  settings: Record<string, string> = {},
  options: Partial<WorkerOptions> = {},
): Promise<RunningWorker> {
  return runWorker({
    config: readConfig(settings),
    redisUrl: redis.url,
    engineFile: path.join(import.meta.dirname, 'engine.ts'),
    log: silentLog,
    onHopeless: (error) => assert.fail(error),
    ...options,
  });
}
