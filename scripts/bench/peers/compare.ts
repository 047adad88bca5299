/**
 * The same work here and in diffusers, in turn on the same machine and checkpoint: medians, and the ratio
 * with its spread.
 *     node scripts/bench/peers/compare.ts --python venv/bin/python --checkpoint models/sdxl-base [--side 256] [--pairs 4] [--runs 3]
 *     node scripts/bench/peers/compare.ts --python venv/bin/python --kind image --models models [--side 1024] [--pairs 8]
 * Processes are loaded for each pair, one at a time, and the first run of each does not count; with
 * --resident (where both fit into memory) they are loaded once and take turns run by run. --device cuda:0 for
 * a GPU; --out result.json for the numbers. On a machine that does other work besides, --threads 1 and the
 * CPU seconds still tell something. Python needs torch, diffusers and transformers.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { baseName, refinerName } from '../../../src/contract/served-names.ts';
import { findInstallation } from '../../../src/installation/installation.ts';
import { networkEnvironment } from '../../../src/networks/runtime/network-environment.ts';
import { machineFacts } from '../machine.ts';
import { median, pairedRatio } from '../statistics.ts';
import { agreement } from './agreement.ts';
import { type Side, type SideOptions, startSide } from './side.ts';
import type { Ready, Run, Work } from './work.ts';

const { values } = parseArgs({
  options: {
    kind: { type: 'string', default: 'unet-step' },
    checkpoint: { type: 'string' },
    models: { type: 'string' },
    side: { type: 'string' },
    pairs: { type: 'string', default: '4' },
    runs: { type: 'string', default: '3' },
    device: { type: 'string', default: 'cpu' },
    threads: { type: 'string' },
    python: { type: 'string', default: 'python3' },
    prompt: { type: 'string', default: 'a large red circle left of a blue star on a yellow background' },
    resident: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});

async function readWork(): Promise<Work> {
  const { kind, device, prompt } = values;
  if (kind !== 'unet-step' && kind !== 'image')
    throw new Error(`--kind is ${kind}; it must be unet-step or image`);
  const side = Number(values.side ?? (kind === 'image' ? 1024 : 256));
  const common = { side, device, ...(values.threads && { threads: Number(values.threads) }) };
  const picture = { prompt, seed: 1, steps: 25, guidanceScale: 7.5, highNoiseFraction: 0.8 };
  if (values.models !== undefined) {
    const installed = await findInstallation(values.models);
    const checkpoint = installed.get(baseName)?.checkpoint;
    if (checkpoint === undefined)
      throw new Error(`--models ${values.models}: nothing is served as ${baseName}`);
    const refiner = installed.get(refinerName)?.checkpoint;
    return { kind, checkpoint, ...(refiner && { refiner }), ...common, picture };
  }
  if (values.checkpoint === undefined)
    throw new Error(
      '--checkpoint (a folder with model_index.json) or --models (a folder of them) is missing',
    );
  return { kind, checkpoint: path.resolve(values.checkpoint), ...common, picture };
}

const here = (file: string) => path.join(import.meta.dirname, file);
const names = ['ours', 'diffusers'] as const;
type Name = (typeof names)[number];

const work = await readWork();
const folder = mkdtempSync(path.join(tmpdir(), 'peers-'));
const outputs = { ours: path.join(folder, 'ours'), diffusers: path.join(folder, 'diffusers') };
const loads: Record<Name, number[]> = { ours: [], diffusers: [] };
const seconds: Record<Name, number[]> = { ours: [], diffusers: [] };
const cpuSeconds: Record<Name, number[]> = { ours: [], diffusers: [] };
const peaks: Record<Name, number> = { ours: 0, diffusers: 0 };
const titles: Record<Name, string> = { ours: '', diffusers: '' };
let tokens: Ready['tokens'];

async function start(name: Name): Promise<Side> {
  const commands: Record<Name, Pick<SideOptions, 'command' | 'environment'>> = {
    ours: { command: [process.execPath, here('ours.ts')], environment: networkEnvironment() },
    diffusers: { command: [values.python, here('diffusers_side.py')] },
  };
  const side = await startSide({ ...commands[name], work, output: outputs[name], ...(tokens && { tokens }) });
  tokens ??= side.ready.tokens;
  titles[name] = side.ready.name;
  loads[name].push(side.ready.loadSeconds);
  return side;
}

/** The median of some runs. */
async function timed(side: Side, name: Name, count: number): Promise<Omit<Run, 'peakMegabytes'>> {
  const runs: Run[] = [];
  for (let run = 0; run < count; run++) runs.push(await side.run());
  peaks[name] = Math.max(peaks[name], ...runs.map(({ peakMegabytes }) => peakMegabytes));
  return {
    seconds: median(runs.map((run) => run.seconds)),
    cpuSeconds: median(runs.map((run) => run.cpuSeconds)),
  };
}

async function count(side: Side, name: Name, runs: number): Promise<void> {
  const run = await timed(side, name, runs);
  seconds[name].push(run.seconds);
  cpuSeconds[name].push(run.cpuSeconds);
}

/** Ours, theirs; theirs, ours; ...: what drifts over time weighs on both. */
const orderOf = (pair: number): readonly Name[] => (pair % 2 === 0 ? names : names.toReversed());

async function apart(pairs: number, runs: number): Promise<void> {
  for (let pair = 0; pair < pairs; pair++) {
    for (const name of orderOf(pair)) {
      const side = await start(name);
      await timed(side, name, 1);
      await count(side, name, runs);
      await side.end();
    }
    progress(pair);
  }
}

async function together(pairs: number): Promise<void> {
  const sides = { ours: await start('ours'), diffusers: await start('diffusers') };
  for (const name of names) await timed(sides[name], name, 1);
  for (let pair = 0; pair < pairs; pair++) {
    for (const name of orderOf(pair)) await count(sides[name], name, 1);
    progress(pair);
  }
  for (const name of names) await sides[name].end();
}

function progress(pair: number): void {
  const [ours, diffusers] = names.map((name) => seconds[name][pair]!);
  console.log(
    `pair ${pair + 1}: ours ${ours!.toFixed(3)} s, diffusers ${diffusers!.toFixed(3)} s, ratio ${(ours! / diffusers!).toFixed(3)}`,
  );
}

try {
  const machine = machineFacts();
  const pairs = Number(values.pairs);
  if (values.resident) await together(pairs);
  else await apart(pairs, Number(values.runs));
  const ratioOf = ({ ours, diffusers }: Record<Name, number[]>) =>
    pairedRatio(ours.map((own, pair) => [own, diffusers[pair]!]));
  const ratio = ratioOf(seconds);
  const cpuRatio = ratioOf(cpuSeconds);
  const agreed = await agreement(work.kind, outputs.ours, outputs.diffusers);
  const refined = work.refiner === undefined ? '' : ' with refiner';
  console.log(
    `\n${work.kind}${refined}, ${work.side} x ${work.side}, ${work.device}, ${machine.cpu}, ${machine.cores} cores`,
  );
  for (const name of names)
    console.log(
      `${titles[name].padEnd(52)} ${median(seconds[name]).toFixed(3)} s (CPU ${median(cpuSeconds[name]).toFixed(3)} s); load ${median(loads[name]).toFixed(1)} s; peak ${peaks[name].toFixed(0)} MB`,
    );
  console.log(
    `ratio ${ratio.ratio.toFixed(3)} (${ratio.low.toFixed(3)} to ${ratio.high.toFixed(3)} over ${pairs} pairs), of CPU seconds ${cpuRatio.ratio.toFixed(3)}; ${agreed}`,
  );
  if (values.out !== undefined)
    writeFileSync(
      values.out,
      `${JSON.stringify({ machine, work, titles, loads, seconds, cpuSeconds, peaks, ratio, cpuRatio, agreed }, null, 2)}\n`,
    );
} finally {
  rmSync(folder, { recursive: true });
}
