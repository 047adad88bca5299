import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { quickVariant, writeTinyCheckpoints } from '../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { readConfig } from '../../src/config/config.ts';
import type { GenerationRequest } from '../../src/contract/generation.ts';
import { decodePng } from '../../src/images/decode-png.ts';
import { encodeImage } from '../../src/images/encode-image.ts';
import { cudaHere } from '../../src/networks/testing/cuda-here.ts';
import { after, before } from '../../src/testing/hooks.ts';
import { fakeEdit, fakeRequest } from '../testing/queue.ts';
import { writeTinyLora } from '../testing/tiny-lora.ts';
import type { GrowingGenerator } from './generator.ts';
import { openSdxlGenerator } from './open-generator.ts';

/** Requests of every kind, whose pictures on a GPU must be those of the CPU, and the same ones each time. */
const skip = cudaHere ? false : 'no CUDA here: `npm run models -- doctor` says what is missing';

const directory = mkdtempSync(path.join(tmpdir(), 'generator-gpu-'));
const modelsDir = path.join(directory, 'models');
const generators = new Map<string, GrowingGenerator>();
let input: Uint8Array;

const open = (device: string) =>
  openSdxlGenerator(
    readConfig({
      ...{ MODELS_DIR: modelsDir, DATA_DIR: path.join(directory, 'data'), DEVICE: device },
      ...{ DETERMINISTIC: 'on', RESIDENT_MODELS: '3', ENGINE_BATCH: '2' },
    }),
  );

before(async () => {
  if (!cudaHere) return;
  const { base } = await writeTinyCheckpoints(modelsDir, quickVariant);
  const { base: other } = await writeTinyCheckpoints(path.join(directory, 'other'), {
    ...quickVariant,
    seed: 5,
  });
  cpSync(other, path.join(modelsDir, 'tiny-other'), { recursive: true });
  for (const [folder, kind, served] of [
    ['tiny-base', 'base', 'sdxl-base'],
    ['tiny-other', 'base', 'tiny-other'],
    ['tiny-refiner', 'refiner', 'sdxl-refiner'],
  ])
    writeFileSync(path.join(modelsDir, folder!, 'model.json'), JSON.stringify({ kind, serves: [served] }));
  await writeTinyLora(modelsDir, base, 'turned', 1);
  const pixels = Float32Array.from({ length: 3 * 128 * 192 }, (_, index) => Math.sin(index / 500));
  input = await encodeImage(pixels, 192, 128, 'png');
  for (const device of ['cuda:0', 'cpu']) generators.set(device, await open(device));
});
after(() => rmSync(directory, { recursive: true }));

const small = { ...fakeRequest('a (red:1.3) fox', 6), width: 192, height: 128 };
const spectrum = {
  name: 'spectrum',
  w: 0.4,
  m: 3,
  lam: 0.001,
  window: 2,
  flex: 0,
  warmup: 4,
  stop: 0.9,
} as const;
const requests = new Map<string, GenerationRequest>([
  ['a picture', small],
  ['a picture of another size', { ...small, width: 128, height: 256 }],
  ['one of 1024 x 1024, as it is warmed up', { ...small, steps: 2, width: 1024, height: 1024 }],
  ['one with refiner', { ...small, refiner: true, highNoiseFraction: 0.5 }],
  ['one without guidance', { ...small, guidanceScale: 1 }],
  ['two samples at once', { ...small, samples: 2 }],
  ['one of another checkpoint', { ...small, model: 'tiny-other' }],
  ['one with a LoRA', { ...small, loras: [{ name: 'turned', weight: 0.5 }] }],
  ['one with a layer of the text encoders left out', { ...small, clipSkip: 1 }],
  ['one whose steps are forecast', { ...small, steps: 20, stepCache: spectrum }],
  ['an edit', { ...fakeEdit('tiny-other', 'a blue fox', 6), strength: 0.7 }],
]);

const make = async (device: string, request: GenerationRequest, signal = new AbortController().signal) =>
  (
    await generators.get(device)!.generate(request, {
      ...{ signal, progress: async () => undefined },
      inputImage: request.endpoint === 'sdxl-img2img' ? input : undefined,
    })
  ).pictures;
const hashes = (pictures: Awaited<ReturnType<typeof make>>) =>
  pictures.map(({ latentSha256 }) => latentSha256);
const first = new Map<string, readonly string[]>();

for (const [title, request] of requests)
  test(`${title} on a GPU is that of the CPU`, { skip }, async (t) => {
    const [actual, expected] = [await make('cuda:0', request), await make('cpu', request)];
    first.set(title, hashes(actual));
    for (const [index, { bytes }] of actual.entries()) {
      const [mine, its] = [await decodePng(bytes), await decodePng(expected[index]!.bytes)];
      assert.deepEqual([mine.width, mine.height], [its.width, its.height]);
      const differences = mine.pixels.map((value, at) => Math.abs(value - its.pixels[at]!));
      const mean = (255 / 2) * (differences.reduce((sum, each) => sum + each, 0) / differences.length);
      t.diagnostic(`mean difference ${mean.toFixed(2)} of 255`);
      assert.ok(mean < 3, `mean difference ${mean} of 255`);
    }
  });

test('each of them is the same to the bit after all the others', { skip }, async () => {
  for (const [title, request] of [...requests].reverse())
    assert.deepEqual(hashes(await make('cuda:0', request)), first.get(title), title);
});

test('a picture cancelled in a step is the same when it is asked for again', { skip }, async () => {
  const long = { ...small, steps: 50 };
  const whole = hashes(await make('cuda:0', long));
  const cancel = new AbortController();
  const cancelled = make('cuda:0', long, cancel.signal);
  setTimeout(() => cancel.abort(new Error('not wanted any more')), 30);
  await assert.rejects(cancelled, /not wanted any more/);
  assert.deepEqual(hashes(await make('cuda:0', long)), whole);
});
