import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { Dtype } from '../checkpoints/checkpoint.ts';
import { writeTinyCheckpoints, writeTinySingleFiles } from '../checkpoints/synthetic/tiny-checkpoint.ts';
import { createEmbeddingCache } from '../pipelines/conditioning/embedding-cache.ts';
import { imageToImage } from '../pipelines/image-to-image.ts';
import type { Models } from '../pipelines/models.ts';
import type { Picture, StepDone } from '../pipelines/sampling/sampling.ts';
import { createStopwatch } from '../pipelines/stopwatch.ts';
import { textToImage } from '../pipelines/text-to-image.ts';
import { loadModels } from './load-models.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'single-file-'));
after(() => rmSync(directory, { recursive: true }));

const sampling = {
  prompt: 'a red (fox:1.3) in the snow',
  negativePrompt: 'blurry',
  steps: 4,
  guidanceScale: 6,
  seed: 7,
  samples: 1,
  batch: 1,
  rng: 'philox',
  emphasis: 'no-norm',
  maxChunks: 4,
} as const;
const fresh = () => ({ ...sampling, cache: createEmbeddingCache(2 ** 24), stopwatch: createStopwatch() });

async function picture(steps: AsyncGenerator<StepDone, Picture[]>): Promise<Picture> {
  let next = await steps.next();
  while (next.done !== true) next = await steps.next();
  return next.value[0]!;
}

async function pictures(base: Models, refiner: Models): Promise<Picture[]> {
  const text = textToImage(base, refiner, {
    ...fresh(),
    scheduler: 'Euler a',
    style: 'base',
    height: 64,
    width: 96,
    highNoiseFraction: 0.6,
  });
  const first = await picture(text);
  const again = imageToImage(base, {
    ...fresh(),
    scheduler: 'DPM++ 2M Karras',
    strength: 0.7,
    pixels: first.pixels,
    height: first.height,
    width: first.width,
  });
  return [first, await picture(again)];
}

for (const dtype of ['F16', 'F32'] satisfies Dtype[])
  test(`the same ${dtype} weights as folder and as single file give the same pictures to the bit`, async () => {
    const folders = await writeTinyCheckpoints(path.join(directory, dtype), { dtype });
    const files = await writeTinySingleFiles(path.join(directory, dtype), { dtype });
    const load = (location: string) => loadModels(location, { device: 'cpu' });
    const fromFolders = await pictures(await load(folders.base), await load(folders.refiner));
    const fromFiles = await pictures(await load(files.base), await load(files.refiner));
    for (const [index, expected] of fromFolders.entries()) {
      assert.ok(expected.latents.some((value) => Math.abs(value) > 0.1));
      assert.deepEqual(fromFiles[index]!.latents, expected.latents);
      assert.deepEqual(fromFiles[index]!.pixels, expected.pixels);
    }
  });
