import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { quickVariant, writeTinyCheckpoints } from '../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { loadModels } from '../../src/installation/load-models.ts';
import { createDeviceLayout } from '../../src/installation/memory/device-layout.ts';
import { memoryPlans, plansFor } from '../../src/installation/memory/memory-plans.ts';
import { JobError } from '../../src/jobs/job-error.ts';
import type { Models } from '../../src/pipelines/models.ts';
import { after, before } from '../../src/testing/hooks.ts';
import { fakeRequest } from '../testing/queue.ts';
import { createSdxlGenerator, type GeneratorOptions } from './sdxl-generator.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'sdxl-generator-'));
const settings = { device: 'cpu', engineBatch: 1, promptEmphasis: 'no-norm', promptMaxChunks: 4 } as const;
const request = { ...fakeRequest('a red fox', 4), width: 96, height: 64, samples: 2 };
const never = new AbortController().signal;
let base: Models;

before(async () => {
  base = await loadModels((await writeTinyCheckpoints(directory, quickVariant)).base, { device: 'cpu' });
});
after(() => rmSync(directory, { recursive: true }));

const generator = (options: GeneratorOptions = {}) =>
  createSdxlGenerator(new Map([['sdxl-base', base]]), settings, options);

test('every picture comes with the hash of its latents, equal when it is made again', async () => {
  const first = await generator().generate(request, {
    inputImage: undefined,
    progress: async () => undefined,
    signal: never,
  });
  const again = await generator().generate(request, {
    inputImage: undefined,
    progress: async () => undefined,
    signal: never,
  });
  const hashes = first.pictures.map(({ latentSha256 }) => latentSha256);
  assert.match(hashes[0]!, /^[0-9a-f]{64}$/);
  assert.notEqual(hashes[0], hashes[1]);
  assert.deepEqual(
    again.pictures.map(({ latentSha256 }) => latentSha256),
    hashes,
  );
  assert.match(first.runtime, /^onnxruntime-node \d+\.\d+\.\d+/);
  assert.equal(first.precision, 'float32');
  assert.equal(first.repeatable, true);
});

test('steps come with previews that are JPEGs, and previews change no picture', async () => {
  const plain = await generator().generate(request, {
    inputImage: undefined,
    progress: async () => undefined,
    signal: never,
  });
  const steps: number[] = [];
  const watched = await generator({ previewIntervalMs: 0 }).generate(request, {
    inputImage: undefined,
    progress: async ({ step }, preview) => {
      steps.push(step);
      assert.equal(Buffer.from(preview!).readUInt16BE(0), 0xffd8);
    },
    signal: never,
  });
  assert.deepEqual(steps, [1, 2, 3, 4, 1, 2, 3, 4]);
  assert.deepEqual(
    watched.pictures.map(({ latentSha256 }) => latentSha256),
    plain.pictures.map(({ latentSha256 }) => latentSha256),
  );
});

test('one picture that the safety check objects to fails the whole request', async () => {
  const asked: number[] = [];
  const check = async ({ seed }: { seed: number }) => {
    asked.push(seed);
    if (seed === request.seed + 1) throw new JobError('blocked', { retryable: false });
  };
  await assert.rejects(
    generator({ check }).generate(request, {
      inputImage: undefined,
      progress: async () => undefined,
      signal: never,
    }),
    {
      name: JobError.name,
      message: 'blocked',
    },
  );
  assert.deepEqual(asked, [42, 43]);
});

/**
 * The checkpoint on a device that has room for so many samples at once, each two rows of the UNet's batch.
 */
function withRoom(samples: number): Models {
  const predictNoise: Models['unet']['predictNoise'] = async (input, signal) => {
    if (input.batch > 2 * samples)
      throw new Error(
        'BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 1',
      );
    return await base.unet.predictNoise(input, signal);
  };
  return { ...base, unet: { ...base.unet, predictNoise } };
}

async function made(models: Models, engineBatch: number) {
  const splits: Error[] = [];
  const { pictures } = await createSdxlGenerator(
    new Map([['sdxl-base', models]]),
    { ...settings, engineBatch },
    { onSplit: (error) => splits.push(error) },
  ).generate(request, { inputImage: undefined, progress: async () => undefined, signal: never });
  return {
    splits: splits.length,
    pictures: pictures.map(({ bytes, latentSha256 }) => [latentSha256, sha256(bytes)]),
  };
}
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('samples that found no memory together are the pictures of the request without batches, to the bit', async () => {
  const plain = await made(base, 1);
  assert.equal(plain.splits, 0);
  assert.deepEqual(await made(withRoom(1), 2), { ...plain, splits: 1 });
});

test('a request whose single samples find no memory fails with a reason for its client', async () => {
  await assert.rejects(made(withRoom(0), 2), {
    name: JobError.name,
    message: /even for one sample at a time/,
  });
  await assert.rejects(made(withRoom(0), 1), /Failed to allocate memory/);
});

/** What ONNX Runtime says where its CUDA arena finds nothing; core/framework/bfc_arena.cc. */
const noRoom =
  'Non-zero status code returned while running NhwcConv node. Name:"conv" Status Message: BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 536870912';

test('a picture that finds no memory is made all the same, by the first smaller plan that has room for it', async () => {
  const plain = await made(base, 1);
  for (const roomy of ['text-on-cpu', 'tiled-vae', undefined] as const) {
    const layout = createDeviceLayout({ device: 'cpu', plans: memoryPlans });
    const decode: Models['vaeDecoder']['decode'] = async (...given) => {
      if (layout.plan().name !== roomy) throw new Error(noRoom);
      return base.vaeDecoder.decode(...given);
    };
    const models = { ...base, vaeDecoder: { ...base.vaeDecoder, decode } };
    const run = createSdxlGenerator(new Map([['sdxl-base', models]]), settings, { layout }).generate(
      request,
      {
        ...{ inputImage: undefined, progress: async () => undefined, signal: never },
      },
    );
    if (roomy === undefined) await assert.rejects(run, /Failed to allocate memory/);
    else {
      const { pictures, tiledVae } = await run;
      assert.deepEqual(
        pictures.map(({ bytes, latentSha256 }) => [latentSha256, sha256(bytes)]),
        plain.pictures,
      );
      // 96 x 64 is one tile.
      assert.equal(tiledVae, undefined);
      assert.equal(layout.plan().name, roomy);
    }
  }
});

test('a checkpoint with LoRAs that finds no memory is loaded by the first smaller plan that has room for it', async () => {
  const layout = createDeviceLayout({ device: 'cpu', plans: memoryPlans });
  const tried: string[] = [];
  const withLoras: GeneratorOptions['withLoras'] = async (_, models) => {
    tried.push(layout.plan().name);
    if (layout.plan().name !== 'text-on-cpu') throw new Error(noRoom);
    return models;
  };
  const made = (more: GeneratorOptions) =>
    createSdxlGenerator(new Map([['sdxl-base', base]]), settings, more).generate(
      { ...request, loras: [{ name: 'one', weight: 1 }] },
      { inputImage: undefined, progress: async () => undefined, signal: never },
    );
  const { pictures } = await made({ layout, withLoras });
  assert.deepEqual(tried, ['resident', 'exchanged', 'text-on-cpu']);
  const plain = await generator().generate(request, {
    ...{ inputImage: undefined, progress: async () => undefined, signal: never },
  });
  assert.deepEqual(
    pictures.map(({ latentSha256 }) => latentSha256),
    plain.pictures.map(({ latentSha256 }) => latentSha256),
  );
  const full = async () => {
    throw new Error(noRoom);
  };
  await assert.rejects(made({ layout, withLoras: full }), /Failed to allocate memory/);
  assert.equal(layout.plan().name, 'tiled-vae');
});

test('a picture of several tiles says so', async () => {
  const layout = createDeviceLayout({ device: 'cpu', plans: plansFor(1, 'on') });
  const models = { ...base, vaeDecoder: await layout.vaeDecoder(async () => base.vaeDecoder) };
  const large = { ...request, width: 704, height: 64, samples: 1, steps: 1 };
  const { tiledVae } = await createSdxlGenerator(new Map([['sdxl-base', models]]), settings, {
    layout,
  }).generate(large, { inputImage: undefined, progress: async () => undefined, signal: never });
  assert.equal(tiledVae, true);
});
