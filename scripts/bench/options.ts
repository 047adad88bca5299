/**
 * What the ways of running a checkpoint gain, each as a ratio of times over the way it is run by default, measured in turn: below 1 the
 * alternative is faster.
 *     node scripts/bench/options.ts --models models [--side 1024] [--pairs 9] [--only TEXT] [--out options.json]
 * Both ways are loaded at once, so a checkpoint of SDXL's size needs twice its memory.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openCheckpoint } from '../../src/checkpoints/open-checkpoint.ts';
import { baseName, findInstallation } from '../../workers/installation.ts';
import { machineFacts } from './machine.ts';
import { type Contest, contests } from './options/contests.ts';
import { pairedRatio } from './statistics.ts';

const { values } = parseArgs({
  options: {
    models: { type: 'string' },
    side: { type: 'string', default: '1024' },
    pairs: { type: 'string', default: '9' },
    only: { type: 'string', default: '' },
    out: { type: 'string' },
  },
});
if (values.models === undefined) throw new Error('--models is missing: a folder of checkpoints');
const base = (await findInstallation(values.models)).get(baseName);
if (base === undefined) throw new Error(`--models ${values.models}: nothing is served as ${baseName}`);

async function seconds(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

async function decide({ open, ...names }: Contest) {
  const { usual, other, release } = await open();
  await usual();
  await other();
  const pairs: [number, number][] = [];
  for (let pair = 0; pair < Number(values.pairs); pair++) {
    if (pair % 2 === 0) {
      const first = await seconds(usual);
      pairs.push([await seconds(other), first]);
    } else pairs.push([await seconds(other), await seconds(usual)]);
  }
  await release();
  return { ...names, pairs, ...pairedRatio(pairs) };
}

const outcomes = [];
const machine = machineFacts();
for (const contest of contests(await openCheckpoint(base.checkpoint), Number(values.side))) {
  if (!`${contest.usual}, ${contest.other}`.includes(values.only)) continue;
  const outcome = await decide(contest);
  outcomes.push(outcome);
  const { usual, other, ratio, low, high } = outcome;
  console.log(
    `${usual.padEnd(40)} ${other.padEnd(56)} ${ratio.toFixed(3)} (${low.toFixed(3)} - ${high.toFixed(3)})`,
  );
}
if (values.out !== undefined)
  writeFileSync(values.out, `${JSON.stringify({ machine, outcomes }, null, 2)}\n`);
process.exit(0);
