import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { quickVariant, writeTinyCheckpoints } from '../scripts/tiny-checkpoint.ts';
import { JobError } from '../src/jobs/job-error.ts';
import type { Models } from '../src/pipelines/models.ts';
import { fakeRequest } from './fake/queue.ts';
import { loadModels } from './load-models.ts';
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
  const first = await generator().generate(request, undefined, async () => undefined, never);
  const again = await generator().generate(request, undefined, async () => undefined, never);
  const hashes = first.pictures.map(({ latentSha256 }) => latentSha256);
  assert.match(hashes[0]!, /^[0-9a-f]{64}$/);
  assert.notEqual(hashes[0], hashes[1]);
  assert.deepEqual(
    again.pictures.map(({ latentSha256 }) => latentSha256),
    hashes,
  );
  assert.match(first.runtime, /^onnxruntime-node \d+\.\d+\.\d+/);
  assert.equal(first.precision, 'float32');
});

test('steps come with previews that are JPEGs, and previews change no picture', async () => {
  const plain = await generator().generate(request, undefined, async () => undefined, never);
  const steps: number[] = [];
  const watched = await generator({ previewIntervalMs: 0 }).generate(
    request,
    undefined,
    async ({ step }, preview) => {
      steps.push(step);
      assert.equal(Buffer.from(preview!).readUInt16BE(0), 0xffd8);
    },
    never,
  );
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
    generator({ check }).generate(request, undefined, async () => undefined, never),
    {
      name: JobError.name,
      message: 'blocked',
    },
  );
  assert.deepEqual(asked, [42, 43]);
});
