import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { openCheckpoint } from '../../src/checkpoints/open-checkpoint.ts';
import { writeSafetensors } from '../../src/checkpoints/safetensors/write-safetensors.ts';
import { quickVariant, writeTinyCheckpoints } from '../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { readConfig } from '../../src/config/config.ts';
import type { GenerationRequest } from '../../src/contract/generation.ts';
import { after, before } from '../../src/testing/hooks.ts';
import { fakeRequest } from '../testing/queue.ts';
import type { GrowingGenerator } from './generator.ts';
import { openSdxlGenerator } from './open-generator.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'request-embeddings-'));
const modelsDir = path.join(directory, 'models');
const base = path.join(modelsDir, 'tiny-base');
let generator: GrowingGenerator;

async function writeEmbedding(name: string, tokens: number, fill: number): Promise<void> {
  const { textEncoders } = await openCheckpoint(base);
  const file = path.join(modelsDir, 'embeddings', `${name}.safetensors`);
  rmSync(file, { force: true });
  await writeSafetensors(
    file,
    ['clip_l', 'clip_g'].map((key, index) => {
      const shape = [tokens, textEncoders[index]!.config.hidden_size];
      const values = Float32Array.from({ length: shape[0]! * shape[1]! }, (_, at) => fill * ((at % 5) - 2));
      return { name: key, dtype: 'F32', shape, bytes: () => [new Uint8Array(values.buffer)] };
    }),
  );
}

before(async () => {
  mkdirSync(path.join(modelsDir, 'embeddings'), { recursive: true });
  await writeTinyCheckpoints(modelsDir, quickVariant);
  rmSync(path.join(modelsDir, 'tiny-refiner'), { recursive: true });
  writeFileSync(path.join(base, 'model.json'), JSON.stringify({ kind: 'base', serves: ['sdxl-base'] }));
  writeFileSync(path.join(modelsDir, 'embeddings', 'broken.pt'), 'no header at all');
  const config = readConfig({
    MODELS_DIR: modelsDir,
    DATA_DIR: path.join(directory, 'data'),
    DEVICE: 'cpu',
  });
  generator = await openSdxlGenerator(config);
});
after(() => rmSync(directory, { recursive: true }));

async function latentsOf(fields: Partial<GenerationRequest>): Promise<string> {
  const request = { ...fakeRequest('a tok panda', 1), width: 64, height: 64, ...fields } as GenerationRequest;
  const { signal } = new AbortController();
  const context = { inputImage: undefined, signal, progress: async () => undefined };
  return (await generator.generate(request, context)).pictures[0]!.latentSha256;
}

const latents = (prompt: string, ...names: string[]) =>
  latentsOf({
    prompt,
    ...(names.length > 0 && { embeddings: names.map((name) => ({ name, tokens: 1 })) }),
  });

test('a picture is made with the vectors of files that came, changed and went after the start', async () => {
  const word = await latents('a tok panda');
  await writeEmbedding('tok', 2, 0.1);
  const one = await latents('a tok panda', 'tok');
  assert.notEqual(one, word);
  assert.equal(await latents('a tok panda'), word);
  await writeEmbedding('tok', 2, 0.2);
  assert.notEqual(await latents('a tok panda', 'tok'), one);
  await writeEmbedding('tok', 2, 0.1);
  assert.equal(await latents('a tok panda', 'tok'), one);
  rmSync(path.join(modelsDir, 'embeddings', 'tok.safetensors'));
  await assert.rejects(latents('a tok panda', 'tok'), /embedding: tok is not installed on this worker/);
});

test('one that cannot be used fails its own request with the reason, without a path', async () => {
  await assert.rejects(latents('broken', 'broken'), {
    message: /^embedding: broken\.pt: may hold a Python pickle/,
  });
});

test('layers of the text encoders are left out by request, and none beyond those that there are', async () => {
  const plain = await latentsOf({});
  assert.equal(await latentsOf({ clipSkip: 0 }), plain);
  assert.notEqual(await latentsOf({ clipSkip: 1 }), plain);
  await assert.rejects(latentsOf({ clipSkip: 11 }), {
    message: /^clip_skip must be at most \d for text encoder 1/,
  });
});
