import path from 'node:path';
import { workerProcess } from '../supervisor/worker-process.ts';

/**
 * The worker process of tests: the fake engine, and the lock and stalled interval (milliseconds) of its
 * arguments.
 */
const [lockDurationMs, stalledIntervalMs] = process.argv.slice(2).map(Number);

await workerProcess({
  engineFile: path.join(import.meta.dirname, 'engine.ts'),
  ...(lockDurationMs !== undefined && { lockDurationMs }),
  ...(stalledIntervalMs !== undefined && { stalledIntervalMs }),
});
