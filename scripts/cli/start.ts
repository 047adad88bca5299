/** `npm start`: Redis, gateway and one worker as children of this process. */
import path from 'node:path';
import { startProcess } from './start/start-process.ts';

await startProcess([path.resolve(import.meta.dirname, '../../workers/worker.ts')]);
