import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { writeTinyCheckpoints } from '../checkpoints/synthetic/tiny-checkpoint.ts';
import { interleavedBytes } from '../images/encode-image.ts';
import { loadModels } from '../installation/load-models.ts';
import { findScheduler } from '../schedulers/registry.ts';
import { after, before } from '../testing/hooks.ts';
import { imageToImage } from './image-to-image.ts';
import type { Models } from './models.ts';
import type { Picture, SamplingOptions } from './sampling/sampling.ts';
import {
  allPictures,
  assertMadeWith,
  firstPicture,
  floats,
  pixelsOf,
  relativeError,
  runOptions,
} from './testing/oracle-runs.ts';
import { textToImage } from './text-to-image.ts';

/**
 * What scripts/maintainers/make-oracles/pipelines.py recorded of diffusers' pipelines; fields are explained
 * there.
 */
interface Run {
  scheduler: string;
  steps: number;
  guidanceScale: number;
  height: number;
  width: number;
  prompt: string;
  negativePrompt: string;
  seed: number;
  latents: string;
  image: string | null;
}
interface Oracle {
  sha256: Record<string, string>;
  inputPixels: string;
  textToImage: (Run & {
    highNoiseFraction: number | null;
    baseTimesteps: number[];
    refinerTimesteps: number[];
    baseTimeIds: number[][];
    refinerTimeIds: number[][];
  })[];
  imageToImage: (Run & { strength: number; timesteps: number[]; timeIds: number[][] })[];
}

const oracle: Oracle = JSON.parse(
  gunzipSync(readFileSync(path.join(import.meta.dirname, 'oracles/pipelines.json.gz'))).toString(),
);
const directory = mkdtempSync(path.join(tmpdir(), 'pipelines-'));
let base: Models;
let refiner: Models;

before(async () => {
  const directories = await writeTinyCheckpoints(directory);
  base = await loadModels(directories.base, { device: 'cpu' });
  refiner = await loadModels(directories.refiner, { device: 'cpu' });
});
after(() => rmSync(directory, { recursive: true }));

interface UnetCalls {
  timesteps: number[];
  timeIds: number[][];
}

/** The same models with a record of what the UNet is told. */
function observed(models: Models): { models: Models; calls: UnetCalls } {
  const calls: UnetCalls = { timesteps: [], timeIds: [] };
  const { unet } = models;
  const predictNoise: typeof unet.predictNoise = (input) => {
    calls.timesteps.push(input.timestep);
    calls.timeIds = Array.from({ length: input.batch }, (_, row) =>
      Array.from(input.timeIds.subarray(row * unet.timeIdCount, (row + 1) * unet.timeIdCount)),
    );
    return unet.predictNoise(input);
  };
  return { models: { ...models, unet: { ...unet, predictNoise } }, calls };
}

function assertSamePicture(actual: Picture, expected: Run): void {
  const error = relativeError(actual.latents, floats(expected.latents));
  assert.ok(error < 1e-3, `the final latents differ by ${error} of the largest value`);
  if (expected.image === null) return;
  const bytes = interleavedBytes(actual.pixels, actual.width, actual.height);
  const image = Buffer.from(expected.image, 'base64');
  assert.equal(bytes.length, image.length);
  const mean = bytes.reduce((sum, value, i) => sum + Math.abs(value - image[i]!), 0) / bytes.length;
  assert.ok(mean < 1, `the images differ by ${mean} of 255 on average`);
}

function assertSameCalls(
  actual: UnetCalls,
  timesteps: readonly number[],
  timeIds: readonly number[][],
): void {
  assert.deepEqual(actual.timesteps.map(Math.fround), timesteps.map(Math.fround));
  assert.deepEqual(actual.timeIds, timeIds);
}

test('the oracle was made with the checkpoints of this tree', () => assertMadeWith(oracle.sha256, directory));

for (const run of oracle.textToImage) {
  const { scheduler, steps, highNoiseFraction, guidanceScale } = run;
  const parts = highNoiseFraction === null ? 'base alone' : `refiner after ${highNoiseFraction}`;
  test(`text to image as diffusers: ${scheduler}, ${steps} steps, guidance ${guidanceScale}, ${parts}`, async () => {
    const first = observed(base);
    const second = observed(refiner);
    const picture = await firstPicture(
      textToImage(first.models, highNoiseFraction === null ? undefined : second.models, {
        ...run,
        ...runOptions(),
        style: 'base',
        highNoiseFraction: highNoiseFraction ?? 1,
      }),
    );
    assertSameCalls(first.calls, run.baseTimesteps, run.baseTimeIds);
    assertSameCalls(second.calls, run.refinerTimesteps ?? [], run.refinerTimeIds ?? []);
    assertSamePicture(picture, run);
  });
}

for (const run of oracle.imageToImage) {
  const { scheduler, steps, strength, height, width } = run;
  test(`image to image as diffusers: ${scheduler}, ${steps} steps at strength ${strength}`, async () => {
    const pixels = pixelsOf(oracle.inputPixels, height, width);
    const { models, calls } = observed(base);
    const picture = await firstPicture(
      imageToImage(
        models,
        { ...run, ...runOptions(), pixels },
        // The endpoint's own Euler and DDIM are A1111's; diffusers' are those of the other endpoint.
        findScheduler('sdxl-torch', scheduler),
      ),
    );
    assertSameCalls(calls, run.timesteps, run.timeIds);
    assertSamePicture(picture, run);
  });
}

test('sample i of a request is the single picture of seed + i, alone or in a batch', async () => {
  const run = oracle.textToImage[2]!;
  const options = {
    ...run,
    ...runOptions(),
    style: 'base',
    highNoiseFraction: 0.8,
    scheduler: 'Euler a',
    height: 64,
    width: 64,
  };
  const all = (changes: Partial<SamplingOptions>) =>
    allPictures(textToImage(base, refiner, { ...options, ...changes }));
  const together = await all({ samples: 3 });
  const batched = await all({ samples: 3, batch: 3 });
  for (const [index, picture] of together.entries()) {
    const [alone] = await all({ seed: options.seed + index });
    assert.equal(picture.seed, options.seed + index);
    assert.deepEqual(picture.pixels, alone!.pixels);
    assert.ok(relativeError(batched[index]!.latents, alone!.latents) < 1e-4);
  }
});

test('the same request twice gives the same pixels to the bit', async () => {
  const run = oracle.textToImage[0]!;
  const make = () =>
    firstPicture(
      textToImage(base, refiner, {
        ...run,
        ...runOptions(),
        style: 'base',
        highNoiseFraction: 0.8,
        height: 64,
        width: 72,
      }),
    );
  assert.deepEqual((await make()).pixels, (await make()).pixels);
});

test('weights that give NaN fail with the step instead of a black picture', async () => {
  const run = oracle.textToImage[0]!;
  let calls = 0;
  const broken: Models = {
    ...base,
    unet: {
      ...base.unet,
      async predictNoise(input) {
        const noise = await base.unet.predictNoise(input);
        return ++calls === 3 ? noise.fill(Number.NaN) : noise;
      },
    },
  };
  const options = { ...run, ...runOptions(), style: 'base', highNoiseFraction: 1, height: 64, width: 64 };
  await assert.rejects(
    firstPicture(textToImage(broken, undefined, options)),
    /latents after step 3 hold NaN/,
  );
});
