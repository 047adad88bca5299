/**
 * `node scripts/bench/demo-pictures.ts --prompts FILE --out DIR`: pictures of a list of prompts through the
 * pipelines, at the API's defaults, for a judge that is not ours to run here
 * (scripts/maintainers/train-demo/judge/judging.py).
 */
import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { runInProcesses } from './demo/farm.ts';
import type { PromptJob, PromptOutcome } from './demo/prompt-jobs.ts';

const usage = `node scripts/bench/demo-pictures.ts --prompts FILE --out DIR [options]
  --prompts FILE       a JSON array of texts; the first is written as DIR/000.png
  --models DIR         checkpoints (default models/demo)
  --count N            only the first N               --seed N            of the first picture (default 1)
  --processes N        side by side (default 2)       --threads N         of each (default 1)`;

const { values } = parseArgs({
  options: {
    prompts: { type: 'string' },
    out: { type: 'string' },
    models: { type: 'string', default: path.resolve(import.meta.dirname, '../../models/demo') },
    count: { type: 'string' },
    seed: { type: 'string', default: '1' },
    processes: { type: 'string', default: '2' },
    threads: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help || values.prompts === undefined || values.out === undefined) {
  console.log(usage);
  if (!values.help) process.exitCode = 2;
} else {
  const { out } = values;
  const prompts: string[] = JSON.parse(await readFile(values.prompts, 'utf8'));
  await mkdir(out, { recursive: true });
  const jobs = prompts.slice(0, Number(values.count ?? prompts.length)).map(
    (prompt, index): PromptJob => ({
      prompt,
      seed: Number(values.seed) + index,
      file: path.join(out, `${String(index).padStart(3, '0')}.png`),
    }),
  );
  const farm = {
    modelsDir: values.models,
    processes: Number(values.processes),
    threads: Number(values.threads),
  };
  const started = performance.now();
  await runInProcesses<PromptJob, PromptOutcome>('prompt-jobs.ts', jobs, farm, async () => undefined);
  console.log(
    `${out}: ${jobs.length} pictures in ${((performance.now() - started) / 1000).toFixed(0)} s with loading`,
  );
}
