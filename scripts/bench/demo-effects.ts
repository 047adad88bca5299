/**
 * `node scripts/bench/demo-effects.ts [--pairs 50]`: whether each knob of the API moves its effect in the
 * right direction, on pairs of pictures of one seed that differ in it alone.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { EffectJob } from './demo/effect-jobs.ts';
import type { Effects } from './demo/effects.ts';
import { runInProcesses } from './demo/farm.ts';
import type { Expectation } from './demo/judge-picture.ts';
import { pairedTest } from './demo/paired-test.ts';

const { values } = parseArgs({
  options: {
    models: { type: 'string', default: path.resolve(import.meta.dirname, '../../models/demo') },
    pairs: { type: 'string', default: '50' },
    processes: { type: 'string', default: '2' },
    threads: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(
    'node scripts/bench/demo-effects.ts [--models DIR] [--pairs N (default 50)] [--processes N] [--threads N]',
  );
  process.exit(0);
}

const started = performance.now();
const prompts: Expectation[] = JSON.parse(
  await readFile(path.join(import.meta.dirname, 'demo/prompts.json'), 'utf8'),
);
const jobs = Array.from({ length: Number(values.pairs) }, (_, index): EffectJob => ({ prompts, index }));
const differences = new Map<string, number[]>();
await runInProcesses<EffectJob, Effects>(
  'effect-jobs.ts',
  jobs,
  { modelsDir: values.models, processes: Number(values.processes), threads: Number(values.threads) },
  async (effects) => {
    for (const [label, value] of Object.entries(effects))
      differences.set(label, [...(differences.get(label) ?? []), value]);
  },
);

for (const [label, found] of differences) {
  const { mean, effectSize, p } = pairedTest(found);
  const right = found.filter((value) => value > 0).length;
  const facts = [
    `n ${found.length}`,
    `mean ${mean.toFixed(3)}`,
    `effect size ${effectSize.toFixed(2)}`,
    `right in ${right}`,
    `p ${p.toExponential(1)}`,
    mean > 0 && p < 0.01 ? 'shown' : 'NOT SHOWN',
  ];
  console.log(`${label.padEnd(78)} ${facts.join('  ')}`);
}
console.log(`${((performance.now() - started) / 1000).toFixed(0)} s in all`);
