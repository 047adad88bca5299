/**
 * One checkpoint in every layout that is read, each network alone in a process of its own: as diffusers
 * folder, as single file with the original names (written here), as ONNX exported by torch (here too), and in
 * diffusers and transformers, all in float32.
 *     node scripts/maintainers/random-checkpoint.ts --out base
 *     node scripts/bench/full-size.ts --checkpoint base --work scratch --python venv/bin/python [--side 256] [--network unet]...
 * Needs 35 GB of disk and 20 GB of memory for SDXL's size. Without --python folder and single file only. What
 * is in --work already is not made again: delete it to measure anew. --skip export leaves the ONNX out (10 GB
 * for a UNet), --skip prepare `prepare` and `verify` of the single file. --configs writes configs into the
 * single file, for networks that are not SDXL's. --float64 also runs diffusers in float64 and tells how far
 * each layout is from that (twice the memory; a full-size UNet does not fit 24 GB). --smooth takes pictures
 * and latents that vary slowly, whose sums are the hardest for float32. Python needs torch, diffusers,
 * transformers and onnx.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openCheckpoint } from '../../src/checkpoints/open-checkpoint.ts';
import { writeSingleFile } from '../../src/checkpoints/synthetic/single-file-writer.ts';
import { showBytes, table } from '../cli/download/sizes.ts';
import { differences } from './full-size/differences.ts';
import { writeExportedConfigs } from './full-size/exported-layout.ts';
import { type Ran, runJob } from './full-size/job.ts';
import { networkNames } from './full-size/network-outputs.ts';
import { timePrepare } from './full-size/prepared.ts';
import { machineFacts } from './machine.ts';

const { values } = parseArgs({
  options: {
    checkpoint: { type: 'string' },
    work: { type: 'string' },
    python: { type: 'string' },
    side: { type: 'string', default: '256' },
    network: { type: 'string', multiple: true },
    configs: { type: 'boolean', default: false },
    skip: { type: 'string', multiple: true, default: [] },
    smooth: { type: 'boolean', default: false },
    float64: { type: 'boolean', default: false },
  },
});
if (values.checkpoint === undefined || values.work === undefined)
  throw new Error('--checkpoint (a diffusers folder) or --work (a folder for what is made of it) is missing');
const unknown = values.skip.find((name) => name !== 'export' && name !== 'prepare');
if (unknown !== undefined) throw new RangeError(`--skip is ${unknown}; it must be export or prepare`);

const { python, smooth } = values;
if (values.float64 && python === undefined) throw new RangeError('--float64 needs --python');
const standard = values.float64 ? 'diffusers float64' : 'folder';
const side = Number(values.side);
const checkpoint = await openCheckpoint(values.checkpoint);
const work = path.resolve(values.work);
const modelsDir = path.join(work, 'models');
const single = path.join(modelsDir, checkpoint.name, `${checkpoint.name}.safetensors`);
const exported = path.join(work, 'exported', checkpoint.name);
const chosen = values.network ?? networkNames(checkpoint);

const rows: string[][] = [];
const inputs = `${side}${smooth ? '-smooth' : ''}`;
const outputs = (layout: string, network: string) =>
  path.join(work, 'outputs', checkpoint.name, inputs, layout, network);
const exists = (network: string) => existsSync(path.join(exported, network, 'model.onnx'));

/** Runs one network of one layout and compares what it makes with the standard's. */
async function compare(layout: string, network: string, run: () => Promise<Ran>): Promise<void> {
  const record = path.join(outputs(layout, network), 'run.json');
  const ran: Ran = existsSync(record) ? JSON.parse(readFileSync(record, 'utf8')) : await run();
  writeFileSync(record, JSON.stringify(ran));
  const found = differences(ran.outputs, outputs(layout, network), outputs(standard, network));
  const seconds = [ran.loadSeconds, ran.runSeconds].map((each) => `${each.toFixed(1)} s`);
  for (const { output, sameBits, relative, largest } of found) {
    const difference = sameBits ? 'same bits' : relative.toExponential(1);
    const told = layout === standard ? `largest ${largest.toPrecision(4)}` : difference;
    rows.push([network, output, layout, told, ...seconds, `${(ran.peakMegabytes / 1000).toFixed(1)} GB`]);
    console.log(rows.at(-1)!.join(', '));
  }
  if (ran.exportSeconds !== undefined)
    console.log(`${network} exported in ${ran.exportSeconds.toFixed(0)} s by ${ran.versions}`);
}

const jobOf = (layout: string, folder: string, network: string) => ({
  folder,
  network,
  side,
  smooth,
  out: outputs(layout, network),
});
const own = (layout: string, folder: string, network: string) =>
  compare(layout, network, () => runJob(jobOf(layout, folder, network)));

const { cpu, cores } = machineFacts();
console.log(`${checkpoint.name}, ${side} x ${side}, ${cpu}, ${cores} cores`);
if (!existsSync(single)) {
  const start = performance.now();
  mkdirSync(path.dirname(single), { recursive: true });
  await writeSingleFile(single, checkpoint, { configs: values.configs });
  console.log(`${single}: written in ${((performance.now() - start) / 1000).toFixed(1)} s`);
}
console.log(`${single}: ${showBytes(statSync(single).size)}`);

if (values.float64)
  for (const network of chosen) {
    const job = { ...jobOf(standard, checkpoint.directory, network), dtype: 'float64' } as const;
    await compare(standard, network, () => runJob(job, python));
  }
for (const network of chosen) {
  await own('folder', checkpoint.directory, network);
  await own('single file', single, network);
}
if (python !== undefined) {
  writeExportedConfigs(checkpoint, exported);
  for (const network of chosen) {
    const job = jobOf('diffusers', checkpoint.directory, network);
    const isExported = exists(network) || values.skip.includes('export');
    // A run that did not export is done again.
    if (!isExported) rmSync(path.join(job.out, 'run.json'), { force: true });
    const missing = isExported ? {} : { export: path.join(exported, network) };
    await compare('diffusers', network, () => runJob({ ...job, ...missing }, python));
  }
  if (networkNames(checkpoint).every(exists))
    for (const network of chosen) await own('exported ONNX', exported, network);
}
console.log(`\n${table(['network', 'output', 'layout', `from ${standard}`, 'load', 'run', 'peak'], rows)}`);

if (!values.skip.includes('prepare')) {
  for (const line of await timePrepare(single, modelsDir, await openCheckpoint(single))) console.log(line);
  const models = path.join(import.meta.dirname, '../cli/models.ts');
  const { status } = spawnSync(
    process.execPath,
    [models, 'verify', checkpoint.name, '--side', String(side)],
    {
      stdio: 'inherit',
      env: { ...process.env, MODELS_DIR: modelsDir, DEVICE: 'cpu' },
    },
  );
  process.exitCode = status ?? 1;
}
