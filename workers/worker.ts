import { moduleFile } from '../src/process/module-file.ts';
import { beginWorker } from './begin-worker.ts';

beginWorker();
const { workerProcess } = await import('./supervisor/worker-process.ts');
await workerProcess({ engineFile: moduleFile(import.meta.url, './engine.ts') });
