/**
 * What the ways of running a checkpoint gain, each as a ratio of times over the way it is run by default,
 * measured in turn: below 1 the alternative is faster. Beside the wall clock's the ratio of CPU seconds,
 * which other work on the machine hardly changes.
 *     node scripts/bench/options.ts --models models [--side 1024] [--pairs 9] [--only TEXT] [--out options.json]
 * Both ways are loaded at once, so a checkpoint of SDXL's size needs twice its memory.
 */
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openCheckpoint } from '../../src/checkpoints/open-checkpoint.ts';
import { baseName } from '../../src/contract/served-names.ts';
import { findInstallation } from '../../src/installation/installation.ts';
import { machineFacts } from './machine.ts';
import type { Contest } from './options/contest.ts';
import { contests } from './options/contests.ts';
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

interface Spent {
  readonly wall: number;
  /** Of all threads: what other work on the machine does to the wall clock, it hardly does to this. */
  readonly cpu: number;
}

async function spent(work: () => Promise<unknown>): Promise<Spent> {
  const start = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return { wall: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 };
}

async function decide({ open, ...names }: Contest) {
  const { usual, other, release } = await open();
  await usual();
  await other();
  const pairs: { usual: Spent; other: Spent }[] = [];
  for (let pair = 0; pair < Number(values.pairs); pair++) {
    if (pair % 2 === 0) {
      const first = await spent(usual);
      pairs.push({ usual: first, other: await spent(other) });
    } else {
      const first = await spent(other);
      pairs.push({ other: first, usual: await spent(usual) });
    }
  }
  await release();
  const ratio = (clock: keyof Spent) =>
    pairedRatio(pairs.map((pair) => [pair.other[clock], pair.usual[clock]]));
  return { ...names, pairs, wall: ratio('wall'), cpu: ratio('cpu') };
}

const outcomes = [];
const machine = machineFacts();
for (const contest of contests(await openCheckpoint(base.checkpoint), Number(values.side))) {
  if (!`${contest.usual}, ${contest.other}`.includes(values.only)) continue;
  const outcome = await decide(contest);
  outcomes.push(outcome);
  const { usual, other, wall, cpu } = outcome;
  console.log(
    `${usual.padEnd(46)} ${other.padEnd(44)} ${wall.ratio.toFixed(3)} (${wall.low.toFixed(3)} - ${wall.high.toFixed(3)}), CPU ${cpu.ratio.toFixed(3)}`,
  );
}
if (values.out !== undefined)
  writeFileSync(values.out, `${JSON.stringify({ machine, outcomes }, null, 2)}\n`);
process.exit(0);
