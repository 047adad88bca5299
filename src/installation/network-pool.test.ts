import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Component } from '../checkpoints/checkpoint.ts';
import { openCheckpoint } from '../checkpoints/open-checkpoint.ts';
import { haveSameWeights } from '../checkpoints/same-weights.ts';
import {
  quickVariant,
  writeTinyCheckpoints,
  writeTinySingleFiles,
} from '../checkpoints/synthetic/tiny-checkpoint.ts';
import type { Models } from '../pipelines/models.ts';
import { after, before } from '../testing/hooks.ts';
import { loadModels } from './load-models.ts';
import { createNetworkPool } from './network-pool.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'network-pool-'));
let base: string;

before(async () => {
  base = (await writeTinyCheckpoints(path.join(directory, 'tiny'), quickVariant)).base;
});
after(() => rmSync(directory, { recursive: true }));

/** A copy under another name, with the last byte of a component's weights another one. */
function relative(name: string, changed?: string): string {
  const copy = path.join(directory, name);
  cpSync(base, copy, { recursive: true });
  if (changed !== undefined) {
    const folder = path.join(copy, changed);
    const file = path.join(folder, readdirSync(folder).find((each) => each.endsWith('.safetensors'))!);
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
  }
  return copy;
}

/** What each network is done with: the same function where it is the same network. */
const networksOf = ({ textStages, unet, vaeEncoder, vaeDecoder }: Models) => ({
  text_encoder: textStages[0]!.encoder.encodePrompt,
  text_encoder_2: textStages[1]!.encoder.encodePrompt,
  unet: unet.predictNoise,
  vae: vaeDecoder.decode,
  encoder: vaeEncoder.encode,
});

async function release({ textStages, unet, vaeEncoder, vaeDecoder }: Models): Promise<void> {
  for (const { encoder } of textStages) await encoder.release();
  for (const network of [unet, vaeEncoder, vaeDecoder]) await network.release();
}

const cpu = { device: 'cpu' } as const;
const quietly = () => undefined;

for (const changed of ['unet', 'text_encoder_2', 'vae'] as const)
  test(`a checkpoint with another ${changed} shares all its other networks`, async () => {
    const pool = createNetworkPool();
    const first = await loadModels(base, cpu, quietly, { pool });
    const second = await loadModels(relative(`other-${changed}`, changed), cpu, quietly, { pool });
    assert.equal(second.name, `other-${changed}`);
    const [own, others] = [networksOf(first), networksOf(second)];
    const shared = Object.keys(own).filter(
      (name) => own[name as keyof typeof own] === others[name as keyof typeof own],
    );
    const different = changed === 'vae' ? ['vae', 'encoder'] : [changed];
    assert.deepEqual(
      shared,
      Object.keys(own).filter((name) => !different.includes(name)),
    );
    await release(first);
    await release(second);
  });

test('a shared network leaves with the last who has it, and is loaded anew after', async () => {
  const pool = createNetworkPool();
  const [first, second] = [
    await loadModels(base, cpu, quietly, { pool }),
    await loadModels(relative('twin'), cpu, quietly, { pool }),
  ];
  const { vaeDecoder } = first;
  const decode = () => vaeDecoder.decode(new Float32Array(vaeDecoder.channels * 4), 2, 2);
  const expected = await decode();
  await release(first);
  await release(first);
  assert.deepEqual(await decode(), expected);
  await release(second);
  await assert.rejects(decode(), /released/);
  const third = await loadModels(base, cpu, quietly, { pool });
  assert.deepEqual(await third.vaeDecoder.decode(new Float32Array(vaeDecoder.channels * 4), 2, 2), expected);
  await release(third);
});

test('who wants the same weights while they are loaded waits for them; a failure is that of all who wait', async () => {
  const { vae } = await openCheckpoint(base);
  const pool = createNetworkPool();
  let [loads, releases] = [0, 0];
  let fails = true;
  const load = async () => {
    loads++;
    await new Promise((resolve) => setImmediate(resolve));
    if (fails) throw new Error('no memory');
    return { release: async () => void releases++ };
  };
  const both = () =>
    Promise.allSettled([vae, { ...vae }].map((component) => pool.open('VAE', component, load)));
  for (const each of await both()) assert.match(String(Object(each).reason), /no memory/);
  assert.equal(loads, 1);
  fails = false;
  const [first, second] = (await both()).map((each) => Object(each).value);
  assert.equal(loads, 2, 'a network that could not be loaded is tried again');
  await first.release();
  assert.equal(releases, 0);
  await second.release();
  assert.equal(releases, 1);
});

test('models without a pool share nothing', async () => {
  const [first, second] = [await loadModels(base, cpu), await loadModels(base, cpu)];
  const [own, others] = [networksOf(first), networksOf(second)];
  for (const [name, network] of Object.entries(own)) assert.notEqual(network, Object(others)[name]);
  await release(first);
  await release(second);
});

test('weights are the same by what they are: in another layout, but not under another config or type', async () => {
  const single = await writeTinySingleFiles(path.join(directory, 'single'), quickVariant);
  const [folder, file] = [await openCheckpoint(base), await openCheckpoint(single.base)];
  const other = await openCheckpoint(
    (await writeTinyCheckpoints(path.join(directory, 'full'), { ...quickVariant, dtype: 'F32' })).base,
  );
  const components = (of: typeof folder): Component<unknown>[] => [of.unet, of.vae, ...of.textEncoders];
  for (const [index, component] of components(folder).entries()) {
    const config = { ...(component.config as object), more: 1 };
    assert.equal(await haveSameWeights(component, components(file)[index]!), true, component.name);
    assert.equal(await haveSameWeights(component, components(other)[index]!), false, component.name);
    assert.equal(await haveSameWeights(component, { ...component, config }), false);
    const fewer = new Map([...component.tensors].slice(1));
    assert.equal(await haveSameWeights(component, { ...component, tensors: fewer }), false);
    assert.equal(await haveSameWeights({ ...component, tensors: fewer }, component), false);
  }
});
