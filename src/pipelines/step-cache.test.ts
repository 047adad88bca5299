import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { quickVariant, writeTinyCheckpoints } from '../checkpoints/synthetic/tiny-checkpoint.ts';
import { loadModels } from '../installation/load-models.ts';
import { type CacheChoice, cacheChoice } from '../schedulers/caching/cache-kinds.ts';
import { after, before } from '../testing/hooks.ts';
import { createEmbeddingCache } from './conditioning/embedding-cache.ts';
import { imageToImage } from './image-to-image.ts';
import type { Models } from './models.ts';
import type { Picture, SamplingOptions, StepDone } from './sampling/sampling.ts';
import { createStopwatch } from './stopwatch.ts';
import { textToImage } from './text-to-image.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'step-cache-'));
let base: Models;
let refiner: Models;
before(async () => {
  const directories = await writeTinyCheckpoints(directory, quickVariant);
  base = await loadModels(directories.base, { device: 'cpu' });
  refiner = await loadModels(directories.refiner, { device: 'cpu' });
});
after(() => rmSync(directory, { recursive: true }));

const size = { height: 64, width: 64 };
const steps = 12;
const spectrum = cacheChoice('spectrum');

/** With the number of rows in each call of the UNet. */
function counted(models: Models): Models & { readonly calls: number[] } {
  const calls: number[] = [];
  const { unet } = models;
  const predictNoise: typeof unet.predictNoise = (input, signal) => {
    calls.push(input.batch);
    return unet.predictNoise(input, signal);
  };
  return { ...models, unet: { ...unet, predictNoise }, calls };
}

function optionsFor(
  stepCache: CacheChoice | undefined,
  more: Partial<SamplingOptions> = {},
): SamplingOptions {
  return {
    ...{ prompt: 'a red fox', negativePrompt: '', scheduler: 'UniPC', steps, guidanceScale: 5 },
    ...{ seed: 7, samples: 1, batch: 1, rng: 'philox', emphasis: 'no-norm', maxChunks: 1 },
    ...{ cache: createEmbeddingCache(2 ** 20), stopwatch: createStopwatch() },
    ...(stepCache && { stepCache }),
    ...more,
  };
}

async function finished(run: AsyncGenerator<StepDone, Picture[]>) {
  let told = 0;
  let next = await run.next();
  for (; next.done !== true; next = await run.next()) told++;
  return { pictures: next.value, told };
}

const fromText = (options: SamplingOptions, models = base, fraction = 1) =>
  finished(
    textToImage(models, fraction < 1 ? refiner : undefined, {
      ...{ ...options, ...size, style: 'base', highNoiseFraction: fraction },
    }),
  );
const fromPicture = (options: SamplingOptions, models = base) => {
  const pixels = Float32Array.from({ length: 3 * 64 * 64 }, (_, i) => Math.sin(i / 300));
  return finished(imageToImage(models, { ...options, ...size, pixels, strength: 0.75 }));
};

for (const [way, make] of Object.entries({ 'from text': fromText, 'from a picture': fromPicture }))
  test(`${way}: a cache leaves steps to forecasts and tells how many; one that cannot changes no bit`, async () => {
    const plain = await make(optionsFor(undefined));
    assert.equal(plain.pictures[0]!.evaluations, undefined);
    const idle = await make(optionsFor(cacheChoice('ucache', { threshold: 0 })));
    assert.deepEqual(idle.pictures[0]!.latents, plain.pictures[0]!.latents);
    assert.deepEqual(idle.pictures[0]!.evaluations, { computed: plain.told, forecast: 0 });

    const models = counted(base);
    const cached = await make(optionsFor(spectrum), models);
    const { evaluations, latents } = cached.pictures[0]!;
    assert.ok(evaluations!.forecast > 0);
    assert.deepEqual(evaluations, {
      computed: models.calls.length,
      forecast: plain.told - models.calls.length,
    });
    assert.equal(cached.told, plain.told);
    assert.notDeepEqual(latents, plain.pictures[0]!.latents);
    const again = await make(optionsFor(spectrum));
    assert.deepEqual(again.pictures[0]!.latents, latents);
  });

test('a picture made with a cache is the same to the bit alone and among others', async () => {
  const ucache = cacheChoice('ucache', { threshold: 0.3, start: 0 });
  for (const choice of [spectrum, ucache]) {
    const { pictures } = await fromText(optionsFor(choice, { samples: 3, batch: 1 }));
    const alone = await fromText(optionsFor(choice, { seed: 8 }));
    assert.deepEqual(pictures[1]!.latents, alone.pictures[0]!.latents);
    assert.deepEqual(pictures[1]!.evaluations, alone.pictures[0]!.evaluations);
    // In one batch of the UNet rounding differs, what is computed does not.
    const batched = await fromText(optionsFor(choice, { samples: 3, batch: 3 }));
    assert.deepEqual(
      batched.pictures.map(({ evaluations }) => evaluations),
      pictures.map(({ evaluations }) => evaluations),
    );
  }
});

test('a refiner begins with its own history, and both legs are counted', async () => {
  const cached = await fromText(optionsFor(spectrum, { steps: 20 }), base, 0.5);
  const { evaluations } = cached.pictures[0]!;
  // 10 steps of each: 4 to warm up, then every second, the last 2 of the run always.
  assert.deepEqual(evaluations, { computed: 15, forecast: 5 });
});

test('guidance that begins and ends on the way is not forecast across', async () => {
  const models = counted(base);
  await fromText(optionsFor(spectrum, { guidanceStart: 0.25, guidanceEnd: 0.75 }), models);
  // Steps 3 and 4, 9 and 10 are the first two of their guidance; 4 to warm up and 2 at the end.
  assert.deepEqual(models.calls, [1, 1, 1, 2, 2, 2, 2, 1, 1, 1]);
});
