import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { writeTinyCheckpoints } from '../../checkpoints/synthetic/tiny-checkpoint.ts';
import { loadModels } from '../../installation/load-models.ts';
import { after, before } from '../../testing/hooks.ts';
import type { Models } from '../models.ts';
import { RequestError } from '../request-error.ts';
import { assertMadeWith, floats, relativeError } from '../testing/oracle-runs.ts';
import { encodePrompts } from './conditioning.ts';
import { createEmbeddingCache } from './embedding-cache.ts';

/**
 * Made by scripts/maintainers/make-oracles/conditioning.py from A1111's prompt code and transformers'
 * encoders; versions inside.
 */
interface Oracle {
  sha256: Record<string, string>;
  cases: {
    prompt: string;
    negative: string;
    checkpoint: 'base' | 'refiner';
    emphasis: 'no-norm' | 'original';
    positiveStates: string;
    positivePooled: string;
    negativeStates: string;
    negativePooled: string;
  }[];
}

const oracle: Oracle = JSON.parse(
  gunzipSync(readFileSync(path.join(import.meta.dirname, 'oracles/conditioning.json.gz'))).toString(),
);
const directory = mkdtempSync(path.join(tmpdir(), 'conditioning-'));
const models: Partial<Record<'base' | 'refiner', Models>> = {};

before(async () => {
  const directories = await writeTinyCheckpoints(directory);
  models.base = await loadModels(directories.base, { device: 'cpu' });
  models.refiner = await loadModels(directories.refiner, { device: 'cpu' });
});
after(() => rmSync(directory, { recursive: true }));

const defaults = { guided: true, emphasis: 'no-norm', maxChunks: 16 } as const;

test('the oracle was made with the checkpoints of this tree', () => assertMadeWith(oracle.sha256, directory));

for (const [index, expected] of oracle.cases.entries()) {
  const { checkpoint, emphasis, prompt, negative } = expected;
  test(`case ${index}: ${checkpoint}, ${emphasis}: weighted chunks give the embeddings of A1111 and transformers`, async () => {
    const { positive, negative: actualNegative } = await encodePrompts(models[checkpoint]!, {
      ...defaults,
      emphasis,
      prompt,
      negativePrompt: negative,
      cache: createEmbeddingCache(2 ** 24),
    });
    const pairs: [Float32Array, string][] = [
      [positive.hiddenStates, expected.positiveStates],
      [positive.pooled, expected.positivePooled],
      [actualNegative!.hiddenStates, expected.negativeStates],
      [actualNegative!.pooled, expected.negativePooled],
    ];
    for (const [actual, packed] of pairs) {
      const values = floats(packed);
      const error = relativeError(actual, values);
      assert.ok(error < 1e-4, `relative error ${error}`);
    }
  });
}

/** Those of a checkpoint, whose encoders tell how many chunks they were given. */
function counted(of: Models['textStages']) {
  const passes = { chunks: 0 };
  const textStages = of.map(({ tokenizer, encoder }): Models['textStages'][number] => ({
    tokenizer,
    encoder: {
      ...encoder,
      encodePrompt(ids) {
        passes.chunks += ids.length / encoder.tokens;
        return encoder.encodePrompt(ids);
      },
    },
  }));
  return { textStages, passes };
}

test('a negative prompt seen before costs no encoder pass', async () => {
  const cache = createEmbeddingCache(2 ** 24);
  const { textStages, passes } = counted(models.base!.textStages);
  const base = { ...models.base!, textStages };
  const request = { ...defaults, cache, negativePrompt: 'blurry, low quality' };
  await encodePrompts(base, { ...request, prompt: 'a fox' });
  assert.equal(passes.chunks, 4);
  await encodePrompts(base, { ...request, prompt: 'a heron' });
  assert.equal(passes.chunks, 6);
});

test('what base and refiner share of their text encoders encodes a prompt once, others each on their own', async () => {
  const request = { ...defaults, prompt: 'a (fox)1.3 in snow', negativePrompt: 'blurry' };
  const { textStages, passes } = counted(models.base!.textStages);
  const base = { ...models.base!, textStages };
  const unet = { ...models.refiner!.unet, crossAttentionWidth: textStages[1]!.encoder.width };
  const sharing = { ...models.refiner!, unet, textStages: textStages.slice(1) };
  const alone = await encodePrompts(sharing, { ...request, cache: createEmbeddingCache(2 ** 24) });
  const cache = createEmbeddingCache(2 ** 24);
  passes.chunks = 0;
  await encodePrompts(base, { ...request, cache });
  assert.deepEqual(await encodePrompts(sharing, { ...request, cache }), alone);
  assert.equal(passes.chunks, 4);

  const own = counted(models.refiner!.textStages);
  await encodePrompts({ ...models.refiner!, textStages: own.textStages }, { ...request, cache });
  assert.equal(own.passes.chunks, 2);
  const { loaded: _, ...unknown } = textStages[1]!.encoder;
  const exported = { ...sharing, textStages: [{ ...textStages[1]!, encoder: unknown }] };
  await encodePrompts(exported, { ...request, cache });
  assert.equal(passes.chunks, 6);
});

test('a prompt of too many chunks is refused with the count, not truncated', async () => {
  await assert.rejects(
    encodePrompts(models.base!, {
      ...defaults,
      maxChunks: 2,
      prompt: 'stone '.repeat(160),
      negativePrompt: '',
      cache: createEmbeddingCache(2 ** 20),
    }),
    (error: Error) => error instanceof RequestError && /needs 3 chunks/.test(error.message),
  );
});
