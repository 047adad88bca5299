/** `npm run bench`: what everything costs on this machine, as one table and one JSON file. */
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { baseName } from '../../src/contract/served-names.ts';
import { findInstallation } from '../../src/installation/installation.ts';
import { networkEnvironment } from '../../src/networks/runtime/network-environment.ts';
import { readArguments } from '../../src/process/read-arguments.ts';
import { reportFailure } from '../../src/process/report-failure.ts';
import { requireFile, requireWritable } from '../../src/process/usable-path.ts';
import { defaultModels } from '../cli/start/demo-models.ts';
import { measureGateway } from './gateway.ts';
import { machineFacts } from './machine.ts';
import { matmulRates } from './networks/matmul-rate.ts';
import { measureNoise } from './noise.ts';
import { measurePromptWeights } from './prompt-weights.ts';
import { compareRows, differences, formatComparison } from './report/compare.ts';
import { matmulName, mergeRounds, type Report, type Row } from './report/row.ts';
import { formatTable } from './report/table.ts';
import { measureSchedulers } from './schedulers.ts';

const usage = `npm run bench -- [options]
  --only GROUP,...     of: machine, schedulers, noise, prompt-weights, networks, image, gateway (default all)
  --rounds N           how often everything is measured (default 3; 5 for bounds worth the name)
  --models DIR         a folder of checkpoints, for image and networks (default: what npm start would serve)
  --checkpoint PATH    a checkpoint for networks alone (default: the base of --models)
  --side N             of the pictures, in pixels (default 1024)
  --device NAME        cpu, webgpu or cuda:N (default cpu)
  --queued N           requests in the gateway's queue (default 2000), --seconds N of each of its loads (default 5)
  --out FILE           where the JSON goes (default bench.json)
  --compare OLD.json   ratios new / old with 95 % bounds; with --with NEW.json nothing is measured
The table shows medians of the rounds; speeds beside it are held to the fastest matrix product of the same run.`;

const { values } = readArguments('bench', {
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    models: { type: 'string' },
    checkpoint: { type: 'string' },
    side: { type: 'string', default: '1024' },
    device: { type: 'string', default: 'cpu' },
    queued: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '5' },
    out: { type: 'string', default: 'bench.json' },
    compare: { type: 'string' },
    with: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
type Settings = typeof values;

/** Networks are measured in a process of their own, started as a worker starts its engine, for its memory. */
async function ownProcess(file: string, args: readonly string[]): Promise<Row[]> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [path.join(import.meta.dirname, '.', file), ...args, '--json'],
    { env: { ...process.env, ...networkEnvironment() }, maxBuffer: 2 ** 24 },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Row[];
}

async function modelsFolder({ models }: Settings): Promise<string> {
  return models ?? (await defaultModels(path.resolve(process.env.DATA_DIR ?? 'data'))).modelsDir;
}

async function networks(settings: Settings): Promise<Row[]> {
  const { checkpoint, side, device } = settings;
  const folder = checkpoint ?? (await baseOf(await modelsFolder(settings)));
  return ownProcess('networks.ts', ['--checkpoint', folder, '--side', side, '--device', device]);
}

async function baseOf(models: string): Promise<string> {
  const base = (await findInstallation(models)).get(baseName);
  if (base === undefined) throw new Error(`${models}: nothing is served as ${baseName}; name a --checkpoint`);
  return base.checkpoint;
}

const groups: Readonly<Record<string, (settings: Settings) => Promise<Row[]> | Row[]>> = {
  machine: async () => {
    const rates = await matmulRates();
    return [{ group: 'machine', name: matmulName, unit: 'GFLOP/s', samples: [Math.max(...rates) / 1e9] }];
  },
  schedulers: measureSchedulers,
  noise: measureNoise,
  'prompt-weights': measurePromptWeights,
  networks,
  image: async (settings) => {
    const { side, device } = settings;
    return ownProcess('image.ts', [
      '--models',
      await modelsFolder(settings),
      '--side',
      side,
      '--device',
      device,
    ]);
  },
  gateway: ({ queued, seconds }) => measureGateway({ queued: Number(queued), seconds: Number(seconds) }),
};

async function measure(settings: Settings): Promise<Report> {
  const wanted = settings.only?.split(',') ?? Object.keys(groups);
  const unknown = wanted.find((name) => !(name in groups));
  if (unknown !== undefined)
    throw new Error(`--only names ${unknown}; groups are ${Object.keys(groups).join(', ')}`);
  const rounds = Number(settings.rounds);
  if (!Number.isSafeInteger(rounds) || rounds < 1)
    throw new Error(`--rounds is ${settings.rounds}; it must be a positive integer`);
  const machine = machineFacts();
  const measured: Row[][] = [];
  for (let round = 1; round <= rounds; round++)
    for (const name of wanted) {
      process.stderr.write(`round ${round} of ${rounds}: ${name}\n`);
      measured.push(await groups[name]!(settings));
    }
  const { side, device, models, checkpoint, queued, seconds } = settings;
  return {
    measuredAt: new Date().toISOString(),
    machine,
    settings: { side, device, models, checkpoint, queued, seconds },
    rows: mergeRounds(measured),
  };
}

const readReport = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Report;

async function main(): Promise<void> {
  if (values.help) return console.log(usage);
  if (values.with === undefined) requireWritable('--out', values.out);
  for (const file of [values.with, values.compare]) if (file !== undefined) requireFile('report', file);
  const report = values.with === undefined ? await measure(values) : readReport(values.with);
  if (values.with === undefined) {
    writeFileSync(values.out, `${JSON.stringify(report, null, 2)}\n`);
    const { cpu, cores, memoryGigabytes, runtime, node, load } = report.machine;
    console.log(
      `${cpu}, ${cores} cores, ${memoryGigabytes} GiB; ${runtime}, Node ${node}; load before ${load}`,
    );
    console.log(`${formatTable(report.rows)}\n\n${values.out}`);
  }
  if (values.compare === undefined) return;
  const before = readReport(values.compare);
  for (const line of differences(before, report)) console.log(`not the same: ${line}`);
  const comparisons = compareRows(before.rows, report.rows);
  if (comparisons.length === 0) throw new Error(`${values.compare} has no row in common with this`);
  console.log(
    `\n${values.with ?? 'now'} over ${values.compare} (95 % bounds)\n${formatComparison(comparisons)}`,
  );
}

await main().catch(reportFailure);
