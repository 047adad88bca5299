/**
 * SDXL on a GPU, here and in diffusers, on the same device and checkpoints one after the other:
 *     node scripts/bench/cuda.ts --python venv/bin/python [--models models] [--out result.json]
 * seconds of a guided UNet step at 1024 x 1024 and what part of the device's arithmetic that is, seconds of a
 * picture of 25 steps with refiner, video memory; with ONNX Runtime's CUDA and WebGPU providers, and with
 * diffusers in float16, as it is and compiled. Without --models, checkpoints of random weights are written to
 * data/bench-models. --peak TFLOPS where the device is not known, --skip compiled to leave a row out. What
 * the machine lacks is said; Python needs torch for CUDA, diffusers and transformers.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { openCheckpoint } from '../../src/checkpoints/open-checkpoint.ts';
import { baseName, refinerName } from '../../src/contract/served-names.ts';
import { findInstallation } from '../../src/installation/installation.ts';
import { parseDevice } from '../../src/networks/runtime/device.ts';
import { requireWritable } from '../../src/process/usable-path.ts';
import { readDriver } from '../cli/cuda/driver.ts';
import { table } from '../cli/download/sizes.ts';
import { diagnose } from '../cli/models/doctor.ts';
import { guidedStepOperations, isPublishedStep, peakOf } from './cuda/arithmetic.ts';
import { type Measured, measure } from './cuda/measure.ts';
import { pythonProblem, writeRandomModels } from './cuda/requirements.ts';
import { machineFacts } from './machine.ts';
import { agreement } from './peers/agreement.ts';
import type { Work } from './peers/work.ts';

const { values } = parseArgs({
  options: {
    models: { type: 'string' },
    device: { type: 'string', default: 'cuda:0' },
    python: { type: 'string', default: 'python3' },
    side: { type: 'string', default: '1024' },
    steps: { type: 'string', default: '25' },
    runs: { type: 'string', default: '20' },
    pictures: { type: 'string', default: '3' },
    peak: { type: 'string' },
    skip: { type: 'string', multiple: true, default: [] },
    out: { type: 'string' },
  },
});

if (values.out !== undefined) requireWritable('--out', values.out);
const device = parseDevice(values.device);
const index = device.startsWith('cuda:') ? Number(device.slice('cuda:'.length)) : undefined;
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
if (values.models === undefined) writeRandomModels(modelsDir);
const installed = await findInstallation(modelsDir);
const [checkpoint, refiner] = [baseName, refinerName].map((name) => installed.get(name)?.checkpoint);
if (checkpoint === undefined) throw new Error(`${modelsDir}: nothing is served as ${baseName}`);

const side = Number(values.side);
if (!Number.isInteger(side / 64) || side < 512 || side > 2048)
  throw new Error(`--side is ${values.side}; it must be a multiple of 64 from 512 to 2048`);
const picture = {
  prompt: 'a photograph of an astronaut riding a horse',
  seed: 1,
  steps: Number(values.steps),
  guidanceScale: 7.5,
  highNoiseFraction: 0.8,
};
const here = (file: string) => path.join(import.meta.dirname, file);
const ours = [process.execPath, here('peers/ours.ts')] as const;
const theirs = [values.python, here('cuda-diffusers.py')] as const;

interface Contestant {
  readonly title: string;
  readonly command: readonly [string, ...string[]];
  readonly device: string;
  readonly compile?: boolean;
}
const all: readonly Contestant[] = [
  { title: `ONNX Runtime, ${device}`, command: ours, device },
  { title: 'diffusers', command: theirs, device },
  { title: 'diffusers, compiled', command: theirs, device, compile: true },
  { title: 'ONNX Runtime, webgpu', command: ours, device: 'webgpu' },
];
const contestants = all.filter(({ title }) => !values.skip.some((word) => title.includes(word)));

const notes: string[] = [];
const problem = pythonProblem(values.python, device);
if (problem !== undefined) notes.push(`diffusers is not measured: ${problem}`);
if (refiner === undefined) notes.push(`pictures are made without refiner: ${modelsDir} has none`);

const folder = mkdtempSync(path.join(tmpdir(), 'bench-cuda-'));
const results: Record<Work['kind'], Map<string, Measured>> = { 'unet-step': new Map(), image: new Map() };
const output = (kind: string, title: string) => path.join(folder, `${kind}-${title.replaceAll(/\W+/g, '-')}`);

async function contest(
  kind: Work['kind'],
  { title, command, device: on, compile }: Contestant,
): Promise<void> {
  const work = { kind, checkpoint: checkpoint!, ...(refiner && { refiner }), side, device: on, picture };
  const tokens = [...results.image.values()].find((made) => made.tokens !== undefined)?.tokens;
  if (kind === 'image' && command === theirs && tokens === undefined) {
    notes.push(
      `${kind}, ${title}: not measured, as it takes its token ids from a row above that made pictures`,
    );
    return;
  }
  const options = {
    command,
    work: compile === true ? { ...work, compile } : work,
    output: output(kind, title),
    ...(kind === 'image' && tokens && { tokens }),
  };
  const runs = Number(kind === 'image' ? values.pictures : values.runs);
  try {
    const measured = await measure(options, kind === 'image' ? 1 : 3, runs, index);
    results[kind].set(title, measured);
    console.log(`${kind}, ${title}: ${measured.median.toFixed(4)} s (${measured.name})`);
  } catch (error) {
    notes.push(`${kind}, ${title}: failed: ${(error as Error).message}`);
  }
}

function row({ title }: Contestant, operations: number | undefined, peak: number | undefined): string[] {
  const [step, image] = [results['unet-step'].get(title), results.image.get(title)];
  const reference = results['unet-step'].get('diffusers');
  const perSecond = step === undefined || operations === undefined ? undefined : operations / step.median;
  const show = (value: number | undefined, digits: number) =>
    value === undefined ? '-' : value.toFixed(digits);
  return [
    title,
    show(step && 1000 * step.median, 1),
    step === undefined
      ? '-'
      : `${show(1000 * Math.min(...step.seconds), 1)}-${show(1000 * Math.max(...step.seconds), 1)}`,
    show(step && reference && step.median / reference.median, 3),
    show(perSecond && perSecond / 1e12, 0),
    show(perSecond && peak && (100 * perSecond) / peak, 1),
    show(image?.median, 2),
    show(image?.videoBytes && image.videoBytes / 1e9, 1),
    show(image?.loadSeconds ?? step?.loadSeconds, 1),
  ];
}

try {
  for (const kind of ['unet-step', 'image'] as const)
    for (const contestant of contestants)
      if (contestant.command !== theirs || problem === undefined) await contest(kind, contestant);
  for (const kind of ['unet-step', 'image'] as const) {
    const [own, other] = [all[0]!.title, 'diffusers'];
    if (results[kind].has(own) && results[kind].has(other))
      notes.push(`${kind}: ${await agreement(kind, output(kind, own), output(kind, other))}`);
  }

  const { unet } = await openCheckpoint(checkpoint);
  const operations = isPublishedStep(unet.config, side) ? guidedStepOperations : undefined;
  const peak = values.peak === undefined ? peakOf(gpu?.name ?? '') : Number(values.peak) * 1e12;
  const facts = { ...machineFacts(), gpu };
  console.log(
    `\n${gpu?.name ?? facts.cpu}, ${side} x ${side}, ${facts.runtime}; pictures of ${picture.steps} steps`,
  );
  const header = [
    '',
    'step ms',
    'range',
    'of diffusers',
    'TFLOP/s',
    '% of peak',
    'picture s',
    'VRAM GB',
    'load s',
  ];
  console.log(
    table(
      header,
      contestants.map((contestant) => row(contestant, operations, peak)),
    ),
  );
  for (const note of notes) console.log(note);
  if (values.out !== undefined) {
    const measured = Object.fromEntries(
      Object.entries(results).map(([kind, rows]) => [kind, Object.fromEntries(rows)]),
    );
    writeFileSync(
      values.out,
      `${JSON.stringify({ facts, side, picture, peak, measured, notes }, null, 2)}\n`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}
