import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Component } from '../checkpoints/checkpoint.ts';
import { openCheckpoint } from '../checkpoints/open-checkpoint.ts';
import { writeSafetensors } from '../checkpoints/safetensors/write-safetensors.ts';
import { quickVariant, writeTinyCheckpoints } from '../checkpoints/synthetic/tiny-checkpoint.ts';
import { PendingTensorError } from '../graphs/place-weights.ts';
import type { OwnWeights } from '../networks/runtime/weights/own-weights.ts';
import type { Models } from '../pipelines/models.ts';
import { after, before } from '../testing/hooks.ts';
import type { InstalledModel } from './installation.ts';
import { loadModels } from './load-models.ts';
import { createLoraVariants } from './lora-variants.ts';
import { createDeviceLayout } from './memory/device-layout.ts';
import { memoryPlans } from './memory/memory-plans.ts';
import { createNetworkPool, type NetworkPool } from './network-pool.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'lora-variants-'));
const file = path.join(directory, 'both.safetensors');
let model: InstalledModel;
let base: Models;

/** A LoRA of the UNet and of the first text encoder. */
async function writeLora(checkpoint: string): Promise<void> {
  const { unet, textEncoders } = await openCheckpoint(checkpoint);
  const layers = [
    ['lora_unet_mid_block_attentions_0_proj_in', unet.tensors.get('mid_block.attentions.0.proj_in.weight')!],
    [
      'lora_te1_text_model_encoder_layers_0_mlp_fc1',
      textEncoders[0]!.tensors.get('text_model.encoder.layers.0.mlp.fc1.weight')!,
    ],
  ] as const;
  const ones = (name: string, shape: readonly number[]) => ({
    ...({ name, dtype: 'F32', shape } as const),
    bytes: () => [
      new Uint8Array(new Float32Array(shape.reduce((all, each) => all * each, 1)).fill(0.1).buffer),
    ],
  });
  await writeSafetensors(
    file,
    layers.flatMap(([module, { shape }]) => [
      ones(`${module}.lora_down.weight`, [1, shape[1]!]),
      ones(`${module}.lora_up.weight`, [shape[0]!, 1]),
    ]),
  );
}

before(async () => {
  const { base: checkpoint } = await writeTinyCheckpoints(directory, quickVariant);
  model = { name: 'tiny', directory: checkpoint, checkpoint, serves: ['tiny'], manifest: undefined };
  await writeLora(checkpoint);
  base = await loadModels(model, { device: 'cpu' });
});
after(() => rmSync(directory, { recursive: true }));

/** A pool that counts the networks on the device, and has no room for text encoders while told so. */
function smallPool() {
  const pool = createNetworkPool();
  const state = { loaded: 0, isFull: false };
  const open: NetworkPool['open'] = async (kind, component, load) => {
    if (state.isFull && kind.startsWith('text encoder')) throw new Error('no memory on the device');
    const network = await pool.open(kind, component, load);
    state.loaded++;
    return {
      ...network,
      release: async () => {
        state.loaded--;
        await network.release();
      },
    };
  };
  return { state, pool: { open } };
}

test('a variant that cannot be loaded whole lets go what it has loaded, and can be loaded later', async () => {
  const { state, pool } = smallPool();
  const variants = createLoraVariants({
    ...{ network: { device: 'cpu' }, places: { pool }, most: 1 },
    directory: path.join(directory, 'variants'),
  });
  const open = (onWork = async () => {}) => variants.open(model, base, [{ file, weight: 1 }], onWork);
  state.isFull = true;
  await assert.rejects(open(), /no memory on the device/);
  assert.equal(state.loaded, 0);

  // Cancelled once its UNet is there.
  state.isFull = false;
  const whenLoaded = async () => {
    if (state.loaded > 0) throw new Error('not wanted any more');
  };
  await assert.rejects(open(whenLoaded), /not wanted any more/);
  assert.equal(state.loaded, 0);

  const { unet, textStages } = await open();
  assert.equal(state.loaded, 2);
  assert.notEqual(unet, base.unet);
  assert.equal(textStages[1], base.textStages[1]);
  assert.equal(await variants.letGo(), true);
  assert.equal(state.loaded, 0);
});

test("on a device LoRAs are left to be added to weights of ours, or merged before where that can't be", async () => {
  const opened: { kind: string; component: Component<unknown> }[] = [];
  let refuses = false;
  const pool: NetworkPool = {
    open: async <Opened extends { release(): Promise<void> }>(
      kind: string,
      component: Component<unknown>,
    ) => {
      opened.push({ kind, component });
      const isWaiting = [...component.tensors.values()].some(({ pending }) => pending !== undefined);
      // As sessions tell it.
      if (refuses && isWaiting)
        throw new Error('unet: cannot be loaded', { cause: new PendingTensorError() });
      return { release: async () => undefined } as unknown as Opened;
    },
  };
  const weights = {} as OwnWeights;
  const load = async (name: string, own: OwnWeights | undefined) => {
    opened.length = 0;
    const layout = createDeviceLayout({ device: 'cuda:0', plans: memoryPlans, weights: own });
    const variants = createLoraVariants({
      ...{ network: { device: 'cuda:0' }, places: { pool, layout }, most: 1 },
      directory: path.join(directory, name),
    });
    await variants.open(model, base, [{ file, weight: 1 }], async () => undefined);
    const { component } = opened.findLast(({ kind }) => kind.startsWith('UNet'))!;
    return [...component.tensors.values()].filter(({ pending }) => pending !== undefined).length;
  };
  assert.equal(await load('own', weights), 1);
  assert.equal(await load('without', undefined), 0);
  refuses = true;
  assert.equal(await load('refused', weights), 0);
  assert.equal(opened.filter(({ kind }) => kind.startsWith('UNet')).length, 2);
});
