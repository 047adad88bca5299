import { moduleFile } from '../src/process/module-file.ts';
import { workerProcess } from './supervisor/worker-process.ts';

await workerProcess({ engineFile: moduleFile(import.meta.url, './engine.ts') });
