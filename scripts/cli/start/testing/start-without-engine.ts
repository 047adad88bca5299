import path from 'node:path';
import { startProcess } from '../start-process.ts';

/**
 * `npm start` with the fake engine and a short lock, for tests; the first argument is where the demo
 * checkpoint would lie.
 */
const worker = path.resolve(import.meta.dirname, '../../../../workers/testing/worker.ts');
await startProcess([worker, '1000', '500'], process.argv[2]);
