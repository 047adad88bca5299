/**
 * Where the time of a network's call (of the UNet, a guided step) goes: seconds, operations a second and
 * share of the machine's own matrix-product rate, by operator and by size.
 *     node scripts/bench/profile.ts --checkpoint models/sdxl-base [--network unet|vae-encoder|vae-decoder] [--side 256]
 *         [--level all|extended|basic] [--threads 2] [--runs 3]
 * The graph is loaded whole and in this process, for a profile in one file.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openCheckpoint } from '../../src/checkpoints/open-checkpoint.ts';
import { countFlops } from './networks/flops.ts';
import { matmulRates } from './networks/matmul-rate.ts';
import { bareSession, networkWork } from './networks/network-work.ts';

interface ProfiledNode {
  readonly cat: string;
  readonly name: string;
  /** Microseconds. */
  readonly dur: number;
  readonly args: {
    readonly op_name?: string;
    readonly output_type_shape?: readonly Record<string, number[]>[];
  };
}

interface Row {
  seconds: number;
  flops: number;
  calls: number;
}

const { values } = parseArgs({
  options: {
    checkpoint: { type: 'string' },
    network: { type: 'string', default: 'unet' },
    side: { type: 'string', default: '256' },
    level: { type: 'string', default: 'all' },
    threads: { type: 'string' },
    runs: { type: 'string', default: '3' },
  },
});
if (values.checkpoint === undefined)
  throw new Error('--checkpoint is missing: the folder with model_index.json');
const runs = Number(values.runs);
const threads = values.threads === undefined ? {} : { threads: Number(values.threads) };

const rate = Math.max(...(await matmulRates(threads)));
const checkpoint = await openCheckpoint(values.checkpoint);
const work = networkWork(values.network, checkpoint, Number(values.side));
const flops = countFlops(work.graph, work.shapes);
const folder = mkdtempSync(path.join(tmpdir(), 'profile-'));
try {
  const session = await bareSession(work, {
    device: 'cpu',
    level: values.level as 'basic',
    ...threads,
    profile: path.join(folder, 'profile'),
  });
  const seconds: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const start = performance.now();
    await session.run();
    seconds.push((performance.now() - start) / 1000);
  }
  session.endProfiling();
  await session.release();
  const [file] = readdirSync(folder);
  const events = JSON.parse(readFileSync(path.join(folder, file!), 'utf8')) as ProfiledNode[];
  console.log(
    `the machine: ${(rate / 1e9).toFixed(1)} GFLOP/s; steps: ${seconds.map((each) => each.toFixed(3)).join(' ')} s`,
  );
  for (const [title, rows] of [
    ['by operator', sumBy(events, ({ args }) => args.op_name!)],
    ['products by shape of their result', sumBy(events, shapeKey)],
  ] as const)
    print(title, rows);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function shapeKey({ name, args }: ProfiledNode): string | undefined {
  const node = name.replace(/_kernel_time$/, '');
  if (!flops.byNode.has(node)) return undefined;
  const [output] = Object.values(args.output_type_shape?.[0] ?? {});
  return `${args.op_name} ${output?.join(' x ')}`;
}

/** Means over the runs, the first left out. */
function sumBy(
  events: readonly ProfiledNode[],
  keyOf: (event: ProfiledNode) => string | undefined,
): Map<string, Row> {
  const rows = new Map<string, Row>();
  const seen = new Set<string>();
  for (const event of events) {
    if (event.cat !== 'Node' || !event.name.endsWith('_kernel_time')) continue;
    const isFirst = !seen.has(event.name);
    seen.add(event.name);
    const key = keyOf(event);
    if (isFirst || key === undefined) continue;
    const row = rows.get(key) ?? { seconds: 0, flops: 0, calls: 0 };
    row.seconds += event.dur / 1e6 / runs;
    row.flops += (flops.byNode.get(event.name.replace(/_kernel_time$/, '')) ?? 0) / runs;
    row.calls += 1 / runs;
    rows.set(key, row);
  }
  return rows;
}

function print(title: string, rows: ReadonlyMap<string, Row>): void {
  const whole = [...rows.values()].reduce((sum, { seconds }) => sum + seconds, 0);
  console.log(`\n${title}: ${whole.toFixed(2)} s`);
  for (const [key, row] of [...rows].sort((a, b) => b[1].seconds - a[1].seconds).slice(0, 30)) {
    const speed = row.flops / row.seconds;
    const gigaflops =
      row.flops === 0
        ? ''
        : `${(speed / 1e9).toFixed(0).padStart(6)} GFLOP/s ${((100 * speed) / rate).toFixed(0)} %`;
    console.log(
      key.padEnd(44),
      `${row.calls.toFixed(0)} x`.padStart(7),
      `${row.seconds.toFixed(3)} s`.padStart(9),
      `${((100 * row.seconds) / whole).toFixed(1)} %`.padStart(7),
      gigaflops,
    );
  }
}
