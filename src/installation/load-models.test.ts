import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { quickVariant, writeTinyCheckpoints } from '../checkpoints/synthetic/tiny-checkpoint.ts';
import { openTogether } from '../networks/runtime/open-all.ts';
import { after, before } from '../testing/hooks.ts';
import { type LoadedModels, loadModels } from './load-models.ts';
import { createNetworkPool, type NetworkPool } from './network-pool.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'load-models-'));
let written: Awaited<ReturnType<typeof writeTinyCheckpoints>>;
before(async () => {
  written = await writeTinyCheckpoints(directory, quickVariant);
});
after(() => rmSync(directory, { recursive: true }));

const cpu = { device: 'cpu' } as const;
const silently = () => undefined;
const noise = (length: number) => Float32Array.from({ length }, (_, index) => Math.sin(index * 1.7));

/** What every network makes. */
async function outputs({ textStages, unet, vaeEncoder, vaeDecoder }: LoadedModels) {
  const { channels, crossAttentionWidth, pooledWidth, timeIdCount } = unet;
  const ids = (tokens: number, eos: number) => new Int32Array(tokens).fill(3).fill(eos, 5);
  return {
    text: await Promise.all(
      textStages.map(({ encoder, tokenizer }) => encoder.encodePrompt(ids(encoder.tokens, tokenizer.eos))),
    ),
    noise: await unet.predictNoise({
      ...{ latents: noise(channels * 64), batch: 1, height: 8, width: 8, timestep: 321 },
      encoderHiddenStates: noise(77 * crossAttentionWidth),
      textEmbeds: noise(pooledWidth),
      timeIds: noise(timeIdCount),
    }),
    moments: await vaeEncoder.encode(
      noise(48 * vaeDecoder.factor ** 2),
      ...([4 * vaeDecoder.factor, 4 * vaeDecoder.factor] as const),
    ),
    pixels: await vaeDecoder.decode(noise(vaeDecoder.channels * 16), 4, 4),
  };
}

test('base and refiner that are loaded side by side compute what they do one after the other, to the bit', async () => {
  const both = [written.base, written.refiner] as const;
  const expected = [];
  for (const model of both) {
    const loaded = await loadModels(model, cpu);
    expected.push(await outputs(loaded));
    await loaded.release();
  }
  const pool = createNetworkPool();
  let networks = 0;
  const loaded = await openTogether(
    both.map((model) => () => loadModels(model, cpu, () => void networks++, { pool, together: true })),
  );
  assert.equal(networks, 9, 'two text encoders and one, of each a UNet and a VAE of two halves');
  assert.deepEqual(await Promise.all(loaded.map(outputs)), expected);
  for (const model of loaded) await model.release();
  await assert.rejects(outputs(loaded[0]!), /released/);
});

/** A pool in which one kind of network cannot be loaded, and what is held of it; nothing really is. */
function failing(kind: string) {
  const held = new Set<object>();
  let opened = 0;
  const pool: NetworkPool = {
    open: async <Opened extends { release(): Promise<void> }>(wanted: string, { name }: { name: string }) => {
      await new Promise((resolve) => setImmediate(resolve));
      if (wanted === kind) throw new Error(`${name} is damaged`);
      const network = {
        ...{ width: 4, projectionWidth: 4, pooledWidth: 4, channels: 4 },
        crossAttentionWidth: wanted === 'UNet of 6 time ids' ? 8 : 4,
        release: async () => void held.delete(network),
      };
      held.add(network);
      opened++;
      return network as unknown as Opened;
    },
  };
  return { pool, held, opened: () => opened };
}

test('where a network cannot be loaded, in turn or side by side with others, none stays', async () => {
  for (const [kind, together, others] of [
    ['UNet of 6 time ids', true, 4],
    ['VAE decoder', false, 4],
  ] as const) {
    const { pool, held, opened } = failing(kind);
    await assert.rejects(loadModels(written.base, cpu, silently, { pool, together }), /is damaged/);
    assert.equal(held.size, 0);
    assert.equal(opened(), others);
  }
});

test('where a checkpoint cannot be loaded beside others, all of them leave', async () => {
  const { pool, held, opened } = failing('UNet of 5 time ids');
  const both = [written.base, written.refiner].map(
    (model) => () => loadModels(model, cpu, silently, { pool, together: true }),
  );
  await assert.rejects(openTogether(both), /unet is damaged/);
  assert.equal(opened(), 8);
  assert.equal(held.size, 0);
});
