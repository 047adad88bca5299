/**
 * SDXL on a GPU, here and in diffusers, on the same device and checkpoints one after the other, in six
 * minutes at most:
 *     node scripts/bench/cuda.ts --python venv/bin/python [--models models] [--out result.json]
 * One table: a guided UNet step at 1024 x 1024 and what part of the device's arithmetic that is, a picture of
 * 25 steps with refiner, VAE, load, a UNet exchanged for another, device memory
 * (of the plans for smaller cards too), results that differ between equal runs (with
 * DETERMINISTIC off and on), what a cancelled step goes on for, and pictures in a queue; beside it step and
 * picture of diffusers in float16, as it is and compiled. Both sides start from the same noise, drawn in
 * float32. Without --models, checkpoints of random weights are written to data/bench-models (11.5 GB).
 * --minutes N for the whole, --compile-seconds N for diffusers' compiling; --peak TFLOPS where the device is
 * not known; --skip compiled leaves a contestant out. What the machine lacks is said; Python needs torch for
 * CUDA, diffusers and transformers.
 *
 * A dry run of every row without a GPU, on the demo checkpoint:
 *     node scripts/bench/cuda.ts --device cpu --models models/demo --side 512 --runs 2 --steps 20 --queue 2
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openCheckpoint } from '../../src/checkpoints/open-checkpoint.ts';
import { baseName, refinerName } from '../../src/contract/served-names.ts';
import { findInstallation } from '../../src/installation/installation.ts';
import { cudaIndex, parseDevice } from '../../src/networks/runtime/device.ts';
import { requireWritable } from '../../src/process/usable-path.ts';
import { readDriver } from '../cli/cuda/driver.ts';
import { diagnose } from '../cli/models/doctor.ts';
import { guidedStepOperations, isPublishedStep, peakOf } from './cuda/arithmetic.ts';
import { createContest } from './cuda/contest.ts';
import { createGrid } from './cuda/grid.ts';
import { countedCost } from './cuda/norm-cost.ts';
import { pythonProblem, writeRandomModels } from './cuda/requirements.ts';
import { runEngine, runPlan } from './cuda/run-engine.ts';
import { machineFacts } from './machine.ts';

const { values } = parseArgs({
  options: {
    models: { type: 'string' },
    device: { type: 'string', default: 'cuda:0' },
    python: { type: 'string', default: 'python3' },
    side: { type: 'string', default: '1024' },
    steps: { type: 'string', default: '25' },
    runs: { type: 'string', default: '20' },
    pictures: { type: 'string', default: '3' },
    queue: { type: 'string', default: '20' },
    minutes: { type: 'string', default: '6' },
    'compile-seconds': { type: 'string', default: '100' },
    peak: { type: 'string' },
    skip: { type: 'string', multiple: true, default: [] },
    out: { type: 'string' },
  },
});

const deadline = performance.now() + Number(values.minutes) * 60_000;
const leftMs = (): number => deadline - performance.now();
if (values.out !== undefined) requireWritable('--out', values.out);
const device = parseDevice(values.device);
const index = cudaIndex(device);
if (index !== undefined) {
  const { text, cudaReady } = await diagnose({ modelsDir: undefined, environment: process.env });
  if (!cudaReady) {
    console.error(`${text}\n\nNothing was measured.`);
    process.exit(1);
  }
}
const gpu =
  index === undefined ? undefined : (await readDriver(process.env)).gpus.find((each) => each.index === index);
const modelsDir = path.resolve(values.models ?? 'data/bench-models');
if (values.models === undefined) await writeRandomModels(modelsDir);
const installed = await findInstallation(modelsDir);
const [base, refiner] = [baseName, refinerName].map((name) => installed.get(name)?.checkpoint);
if (base === undefined) throw new Error(`${modelsDir}: nothing is served as ${baseName}`);

const side = Number(values.side);
if (!Number.isInteger(side / 64) || side < 512 || side > 2048)
  throw new Error(`--side is ${values.side}; it must be a multiple of 64 from 512 to 2048`);
const [runs, steps, queue] = [values.runs, values.steps, values.queue].map(Number) as [
  number,
  number,
  number,
];
const picture = {
  ...{ prompt: 'a photograph of an astronaut riding a horse', seed: 1, steps },
  ...{ guidanceScale: 7.5, highNoiseFraction: 0.8 },
};

/** Of the device's memory: cards that people have for whom not all of it fits. */
const limits = ['12GB', '8GB'];
const grid = createGrid();
const notes: string[] = [];
const folder = mkdtempSync(path.join(tmpdir(), 'bench-cuda-'));
const python = pythonProblem(values.python, device);
if (python !== undefined) notes.push(`diffusers is not measured: ${python}`);
if (refiner === undefined) notes.push(`pictures are made without refiner: ${modelsDir} has none`);
const contest = createContest({
  ...{ folder, side, device, index, runs, grid, notes, picture, base },
  ...(refiner && { refiner }),
  python: values.python,
  pictures: Number(values.pictures),
});

/** Rows of our engine in a column; `deterministic` ones are of the base alone, without requests. */
async function engine(column: string, deterministic: boolean): Promise<void> {
  if (values.skip.includes(column)) return;
  const work = {
    ...{ base: base!, device, side, runs, steps, deterministic, cudaGraphs: true, repetitions: 10 },
    ...(deterministic || refiner === undefined ? {} : { refiner }),
    ...(deterministic ? { queue: 1, pictureRepetitions: 2 } : { queue, pictureRepetitions: 3 }),
  };
  const { rows, problem } = await runEngine(work, { index, limitMs: leftMs() });
  for (const { row, unit, value } of rows) grid.put(row, unit, column, value);
  if (problem !== undefined) notes.push(`${column}: ${problem}`);
}

try {
  await contest('unet-step', 'ours');
  await contest('image', 'ours');
  await engine('ours', false);
  await engine('ours, DETERMINISTIC=on', true);
  for (const limit of index === undefined ? [undefined] : limits) {
    if (values.skip.includes('plans')) break;
    if (leftMs() < 30_000) {
      notes.push(`with ${limit ?? 'all'} of the memory: left out for want of time`);
      continue;
    }
    const one = { modelsDir, device, side, steps: Math.max(20, steps) };
    const { rows, plan, problem } = await runPlan(one, limit, { index, limitMs: leftMs() });
    for (const { row, unit, value } of rows) grid.put(row, unit, 'ours', value);
    if (plan !== undefined) notes.push(plan);
    if (problem !== undefined) notes.push(`with ${limit ?? 'all'} of the memory: ${problem}`);
  }
  // Behind all of ours, which nobody else can measure.
  if (python === undefined) {
    await contest('unet-step', 'diffusers', leftMs());
    await contest('image', 'diffusers', leftMs());
  }
  if (python === undefined && !values.skip.includes('compiled'))
    await contest('unet-step', 'compiled', Math.min(leftMs(), 1000 * Number(values['compile-seconds'])));

  const { unet } = await openCheckpoint(base);
  const step = grid.value('guided step', 'ours');
  const peak = values.peak === undefined ? peakOf(gpu?.name ?? '') : Number(values.peak) * 1e12;
  if (isPublishedStep(unet.config, side) && step !== undefined) {
    const perSecond = guidedStepOperations / (step / 1000);
    grid.put('arithmetic of the step', 'TFLOP/s', 'ours', perSecond / 1e12);
    if (peak !== undefined) grid.put('of the device’s peak', '%', 'ours', (100 * perSecond) / peak);
  }
  notes.push(countedCost(unet.config, side));
  const facts = { ...machineFacts(), gpu };
  console.log(`\n${gpu?.name ?? facts.cpu}, ${side} x ${side}, ${facts.runtime}; pictures of ${steps} steps`);
  console.log(grid.show(['ours', 'diffusers', 'compiled', 'ours, DETERMINISTIC=on']));
  for (const note of notes) console.log(note);
  if (values.out !== undefined)
    writeFileSync(
      values.out,
      `${JSON.stringify({ facts, side, picture, peak, rows: grid.rows(), notes }, null, 2)}\n`,
    );
} finally {
  rmSync(folder, { recursive: true });
}
