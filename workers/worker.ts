import path from 'node:path';
import { workerProcess } from './supervisor/worker-process.ts';

await workerProcess({ engineFile: path.join(import.meta.dirname, 'engine.ts') });
