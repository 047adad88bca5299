/**
 * This checkout beside another commit, in pairs of processes in turn, the order changing from pair to pair:
 *     node scripts/bench/against.ts --commit 573303f --checkpoint data/bench-models/base [--side 256]
 *     node scripts/bench/against.ts --commit c186a05 --models models/demo [--device cpu]
 * The first loads a UNet and makes guided steps, the second starts an engine of what a models folder serves.
 * --pairs 8, --steps 3 behind one that is left out. Prints the median ratio of ours to theirs, with the
 * smallest and the largest, and how busy the machine was. The commit is checked out into a folder that is
 * removed again, and runs on this one's node_modules.
 *
 * A full-size checkpoint: scripts/maintainers/random-checkpoint.ts --out data/bench-models/base
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { loadavg, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { networkEnvironment } from '../../src/networks/runtime/network-environment.ts';
import { machineFacts } from './machine.ts';
import { median, pairedRatio } from './statistics.ts';

const { values } = parseArgs({
  options: {
    commit: { type: 'string' },
    checkpoint: { type: 'string' },
    models: { type: 'string' },
    device: { type: 'string', default: 'cpu' },
    side: { type: 'string', default: '256' },
    steps: { type: 'string', default: '3' },
    pairs: { type: 'string', default: '8' },
  },
});
const { commit, checkpoint, models } = values;
if (commit === undefined) throw new Error('--commit is missing: the one to compare with');
if ((checkpoint === undefined) === (models === undefined))
  throw new Error('one of --checkpoint (of a UNet) and --models (of an engine) is needed');
const given = path.resolve((checkpoint ?? models)!);
if (!existsSync(given)) throw new Error(`${given} is not there`);

/** Numbers of one process, by what they are of. */
type Run = Readonly<Record<string, number>>;

const own = path.resolve(import.meta.dirname, '../..');
/** Measured by a program of this checkout, which loads the modules of another. */
function run(root: string): Run {
  const what = checkpoint === undefined ? 'engine-load.ts' : 'unet-steps.ts';
  const text = execFileSync(
    process.execPath,
    [
      path.join(import.meta.dirname, 'against', what),
      ...[root, given, values.device, values.side, values.steps],
    ],
    { cwd: root, env: { ...process.env, ...networkEnvironment() }, encoding: 'utf8' },
  );
  return JSON.parse(text.trim().split('\n').at(-1)!);
}

const folder = mkdtempSync(path.join(tmpdir(), 'bench-against-'));
const other = path.join(folder, 'checkout');
const git = (...args: string[]) =>
  execFileSync('git', args, { cwd: own, stdio: ['ignore', 'ignore', 'pipe'] });
git('worktree', 'add', '--detach', other, commit);
try {
  symlinkSync(path.join(own, 'node_modules'), path.join(other, 'node_modules'));
  // What both read lies in the system's cache then.
  run(own);
  const pairs: { readonly ours: Run; readonly theirs: Run }[] = [];
  const loads: number[] = [];
  for (let pair = 0; pair < Number(values.pairs); pair++) {
    loads.push(loadavg()[0]!);
    const [first, second] = pair % 2 === 0 ? [own, other] : [other, own];
    const [one, two] = [run(first), run(second)];
    const [ours, theirs] = first === own ? [one, two] : [two, one];
    pairs.push({ ours, theirs });
    console.log(`pair ${pair + 1}: ${JSON.stringify({ ours, theirs })}`);
  }
  const { cpu, cores, node } = machineFacts();
  const busy = `load average ${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`;
  console.log(`\n${cpu}, ${cores} cores, ${node}; ${pairs.length} pairs, ${busy}; ours over ${commit}`);
  for (const name of Object.keys(pairs[0]!.ours)) {
    const both = pairs.map(({ ours, theirs }) => [ours[name]!, theirs[name]!] as const);
    const { ratio, low, high } = pairedRatio(both);
    const [ours, theirs] = [0, 1].map((side) => median(both.map((each) => each[side]!)));
    const unit = name === 'peak' ? 'GiB' : 's';
    console.log(
      `${name.padEnd(11)} ${ours!.toFixed(3)} / ${theirs!.toFixed(3)} ${unit}: ${ratio.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`,
    );
  }
} finally {
  git('worktree', 'remove', '--force', other);
  rmSync(folder, { recursive: true, force: true });
}
