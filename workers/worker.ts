import path from 'node:path';
import { workerProcess } from './worker-process.ts';

await workerProcess({ engineFile: path.join(import.meta.dirname, 'engine.ts') });
