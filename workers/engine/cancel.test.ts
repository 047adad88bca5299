import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { writeTinyCheckpoints } from '../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { cacheOf } from '../../src/contract/bodies/cache-fields.ts';
import { loadModels } from '../../src/installation/load-models.ts';
import type { Models } from '../../src/pipelines/models.ts';
import { after, before } from '../../src/testing/hooks.ts';
import { fakeRequest } from '../testing/queue.ts';
import { createSdxlGenerator } from './sdxl-generator.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'cancel-'));
const settings = { device: 'cpu', engineBatch: 1, promptEmphasis: 'no-norm', promptMaxChunks: 4 } as const;
const request = { ...fakeRequest('a red fox', 2), width: 512, height: 512 };
const never = new AbortController().signal;
let base: Models;

before(async () => {
  base = await loadModels((await writeTinyCheckpoints(directory)).base, { device: 'cpu' });
});
after(() => rmSync(directory, { recursive: true }));

/** The checkpoint, with word of a network's call before it begins. */
function watched(heard: (network: string) => void): Models {
  const { unet, vaeDecoder } = base;
  return {
    ...base,
    unet: {
      ...unet,
      predictNoise: (...given) => {
        heard('UNet');
        return unet.predictNoise(...given);
      },
    },
    vaeDecoder: {
      ...vaeDecoder,
      decode: (...given) => {
        heard('VAE');
        return vaeDecoder.decode(...given);
      },
    },
  };
}

const generate = (models: Models, signal: AbortSignal) =>
  createSdxlGenerator(new Map([['sdxl-base', models]]), settings).generate(request, {
    inputImage: undefined,
    progress: async () => undefined,
    signal,
  });

for (const network of ['UNet', 'VAE'])
  test(`a cancel ends the call of the ${network} that is under way, and the same picture is made after`, async () => {
    const [first] = (await generate(base, never)).pictures;
    const cancelled = new AbortController();
    const calls: string[] = [];
    const models = watched((called) => {
      calls.push(called);
      // While it runs: it is asked for in this turn of the loop.
      if (called === network) setImmediate(() => cancelled.abort(new Error('not wanted any more')));
    });
    await assert.rejects(generate(models, cancelled.signal), /not wanted any more/);
    // Nothing came after the call that was cancelled.
    assert.equal(calls.filter((called) => called === network).length, 1);
    assert.equal(calls.at(-1), network);
    const [again] = (await generate(base, never)).pictures;
    assert.equal(again!.latentSha256, first!.latentSha256);
  });

test('with a step cache a cancel after a computed step, or after a forecast one, is the end; the same comes after', async () => {
  let calls = 0;
  const models = watched((network) => {
    if (network === 'UNet') calls++;
  });
  const cached = {
    ...{ ...fakeRequest('a red fox', 16), width: 64, height: 64, scheduler: 'UniPC', guidanceScale: 1 },
    ...cacheOf({ name: 'spectrum' }, 'sdxl-torch', 'UniPC'),
  };
  const generator = createSdxlGenerator(new Map([['sdxl-base', models]]), settings);
  const make = (signal: AbortSignal, onStep: (step: number) => void) =>
    generator.generate(cached, {
      inputImage: undefined,
      progress: async ({ step }) => onStep(step),
      signal,
    });
  /** Whether the network was asked, by step. */
  const computed: boolean[] = [];
  const whole = await make(never, () => {
    computed.push(calls > 0);
    calls = 0;
  });
  const before = (next: boolean) =>
    computed.findIndex((own, step) => step > 0 && own === !next && computed[step + 1] === next);
  for (const last of [before(false), before(true)]) {
    assert.ok(last > 0, String(computed));
    const cancelled = new AbortController();
    const told: number[] = [];
    await assert.rejects(
      make(cancelled.signal, (step) => {
        told.push(step);
        calls = 0;
        if (step === last) cancelled.abort(new Error('not wanted any more'));
      }),
      /not wanted any more/,
    );
    assert.deepEqual([told.at(-1), calls], [last, 0]);
  }
  assert.deepEqual((await make(never, () => undefined)).pictures, whole.pictures);
});
