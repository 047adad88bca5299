import path from 'node:path';
import { beginWorker } from '../begin-worker.ts';

/**
 * The worker process of tests: the fake engine, and the lock and stalled interval (milliseconds) of its
 * arguments.
 */
const [lockDurationMs, stalledIntervalMs] = process.argv.slice(2).map(Number);

beginWorker();
const { workerProcess } = await import('../supervisor/worker-process.ts');
await workerProcess({
  engineFile: path.join(import.meta.dirname, 'engine.ts'),
  ...(lockDurationMs !== undefined && { lockDurationMs }),
  ...(stalledIntervalMs !== undefined && { stalledIntervalMs }),
});
