/** `npm start`: Redis, gateway and one worker as children of this process. */
import { moduleFile } from '../../src/process/module-file.ts';
import { startProcess } from './start/start-process.ts';

await startProcess([moduleFile(import.meta.url, '../../workers/worker.ts')]);
