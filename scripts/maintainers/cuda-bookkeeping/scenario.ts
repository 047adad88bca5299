/**
 * One scenario in a process of its own, as an arena lasts as long as its process:
 *     scenario.ts FOLDER NAME
 * with ONNX Runtime's library and its CUDA provider in FOLDER; see check-cuda-bookkeeping.ts.
 */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { loadLibrary } from '../../../src/networks/runtime/library.ts';
import { scenarios } from './scenarios.ts';

const [folder, name] = process.argv.slice(2);
const log = process.env.FAKE_CUDA_LOG!;
loadLibrary(folder);

/** The fake runtime writes its log line by line, so its length says where a step begins. */
function mark(step: string): void {
  const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n').length - 1 : 0;
  appendFileSync(`${log}.marks`, `${lines} ${step}\n`);
}

process.stdout.write(`${JSON.stringify(await scenarios[name!]!(mark))}\n`);
