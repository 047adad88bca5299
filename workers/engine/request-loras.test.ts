import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { quickVariant, writeTinyCheckpoints } from '../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { readConfig } from '../../src/config/config.ts';
import type { LoraChoice } from '../../src/contract/bodies/lora-fields.ts';
import { findInstallation } from '../../src/installation/installation.ts';
import type { NetworkPool } from '../../src/installation/network-pool.ts';
import type { Models } from '../../src/pipelines/models.ts';
import { after, before } from '../../src/testing/hooks.ts';
import { fakeRequest } from '../testing/queue.ts';
import { writeTinyLora } from '../testing/tiny-lora.ts';
import type { GrowingGenerator } from './generator.ts';
import { openSdxlGenerator } from './open-generator.ts';
import { createRequestLoras } from './request-loras.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'request-loras-'));
const modelsDir = path.join(directory, 'models');
const base = path.join(modelsDir, 'tiny-base');
let generator: GrowingGenerator;

const writeLora = (name: string, sign: number) => writeTinyLora(modelsDir, base, name, sign);

before(async () => {
  await writeTinyCheckpoints(modelsDir, quickVariant);
  rmSync(path.join(modelsDir, 'tiny-refiner'), { recursive: true });
  writeFileSync(
    path.join(base, 'model.json'),
    JSON.stringify({ kind: 'base', serves: ['sdxl-base', 'own'] }),
  );
  await writeLora('one', 1);
  await writeLora('two', -1);
  writeFileSync(path.join(modelsDir, 'loras', 'broken.safetensors'), 'no header at all');
  const config = readConfig({
    MODELS_DIR: modelsDir,
    DEVICE: 'cpu',
    DATA_DIR: path.join(directory, 'data'),
    LORA_VARIANTS: '2',
  });
  generator = await openSdxlGenerator(config);
});
after(() => rmSync(directory, { recursive: true }));

async function latentsOf(loras?: readonly LoraChoice[], model?: string): Promise<string> {
  const request = {
    ...fakeRequest('a red fox', 2),
    width: 64,
    height: 64,
    ...(loras && { loras }),
    ...(model && { model }),
  };
  const { pictures } = await generator.generate(request, {
    ...{ inputImage: undefined, progress: async () => undefined, signal: new AbortController().signal },
  });
  return pictures[0]!.latentSha256;
}

test('a request with LoRAs has pictures of its own, and leaves those of others as they are', async () => {
  const plain = await latentsOf();
  const one = await latentsOf([{ name: 'one', weight: 1 }]);
  const both = await latentsOf([
    { name: 'one', weight: 1 },
    { name: 'two', weight: 0.5 },
  ]);
  assert.equal(new Set([plain, one, both]).size, 3);
  assert.equal(await latentsOf(), plain);
  const began = performance.now();
  assert.equal(await latentsOf([{ name: 'one', weight: 1 }], 'own'), one);
  // The variant is still loaded: two steps at this size.
  assert.ok(performance.now() - began < 5000);
});

test('merged weights that another engine has deleted are made again, as networks may read them anew', async () => {
  const own = path.join(directory, 'data', 'lora-variants');
  const one = await latentsOf([{ name: 'one', weight: 1 }]);
  for (const name of readdirSync(own)) rmSync(path.join(own, name));
  assert.equal(await latentsOf([{ name: 'one', weight: 1 }]), one);
  assert.equal(readdirSync(own).length, 1);
});

test('a LoRA of weight 0 gives the picture without it, to the bit; its text part may stay', async () => {
  const plain = await latentsOf();
  assert.equal(await latentsOf([{ name: 'one', weight: 0 }]), plain);
  // Written after the start.
  await writeLora('later', 1);
  assert.notEqual(await latentsOf([{ name: 'later', weight: 0, textEncoderWeight: 1 }]), plain);
});

test('a LoRA that is not there or cannot be used fails its request with the reason and no folder', async () => {
  await assert.rejects(latentsOf([{ name: 'none', weight: 1 }]), {
    message: 'loras: none is not installed on this worker',
  });
  await assert.rejects(latentsOf([{ name: 'broken', weight: 1 }]), ({ message }: Error) => {
    assert.match(message, /^loras: .*broken\.safetensors: /);
    assert.ok(!message.includes(directory));
    return true;
  });
});

/** core/framework/bfc_arena.cc */
const noRoom = 'BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 1';

test('variants that are kept for other requests make room for the one that is wanted now', async () => {
  const held = new Set<object>();
  let room = 2;
  const pool: NetworkPool = {
    open: async <Opened extends { release(): Promise<void> }>(kind: string) => {
      if (!kind.startsWith('UNet')) return { release: async () => undefined } as unknown as Opened;
      if (held.size >= room) throw new Error(noRoom);
      const network = { release: async () => void held.delete(network) };
      held.add(network);
      return network as unknown as Opened;
    },
  };
  const installed = await findInstallation(modelsDir);
  const config = { dataDir: path.join(directory, 'data'), loraVariants: 3 };
  const withLoras = createRequestLoras(config, modelsDir, { device: 'cpu' }, { pool }, (name) =>
    installed.get(name),
  );
  const models = { textStages: [{}, {}] } as unknown as Models;
  const open = (name: string, weight: number) =>
    withLoras('sdxl-base', models, [{ name, weight }], async () => undefined);
  const first = await open('one', 1);
  await open('two', 1);
  assert.equal(await open('one', 1), first, 'it is still there');
  assert.equal(held.size, 2);
  await open('one', 0.5);
  assert.equal(held.size, 1, 'all others have left');
  assert.notEqual(await open('one', 1), first);
  room = 0;
  await assert.rejects(open('two', 0.25), /Failed to allocate memory/);
  assert.equal(held.size, 0);
});
