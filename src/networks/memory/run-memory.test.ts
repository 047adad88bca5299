import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import type { Checkpoint, Component } from '../../checkpoints/checkpoint.ts';
import { openCheckpoint } from '../../checkpoints/open-checkpoint.ts';
import { clipTextGraph, clipTextInputs } from '../../graphs/clip.ts';
import type { NetworkGraph } from '../../graphs/graph.ts';
import type { Shape } from '../../graphs/infer-shapes.ts';
import { placeWeights } from '../../graphs/place-weights.ts';
import { portableLayers } from '../../graphs/portable-layers.ts';
import { unetGraph } from '../../graphs/unet.ts';
import { vaeGraph } from '../../graphs/vae.ts';
import { encodeModel } from '../../onnx/onnx-proto.ts';
import { before } from '../../testing/hooks.ts';
import { openInferenceSession } from '../runtime/inference-session.ts';
import { arenaModel } from './arena-model.ts';
import { simulateRun } from './run-memory.ts';
import { cpuPlace } from './run-place.ts';

const threads = 2;
let demo: Checkpoint;

before(async () => {
  demo = await openCheckpoint(path.resolve(import.meta.dirname, '../../../models/demo/demo-base'));
});

interface Case {
  readonly component: Component<unknown>;
  readonly graph: NetworkGraph;
  readonly inputs: Readonly<Record<string, Shape>>;
}

function cases(): Record<string, Case> {
  const { unet, vae, textEncoders } = demo;
  const text = textEncoders[1]!;
  const pooledWidth = text.config.projection_dim;
  const step = (side: number): Case => ({
    component: unet,
    graph: unetGraph(unet.config, portableLayers, { pooledWidth, timeIdCount: 6 }),
    inputs: {
      sample: [2, unet.config.in_channels, side, side],
      timestep: [1],
      encoder_hidden_states: [2, 77, unet.config.cross_attention_dim],
      text_embeds: [2, pooledWidth],
      time_ids: [2, 6],
    },
  });
  return {
    'a UNet step, 48x48': step(48),
    'a UNet step, 64x64': step(64),
    'a VAE decode': {
      component: vae,
      graph: vaeGraph(vae.config, 'decoder', portableLayers),
      inputs: { latents: [1, vae.config.latent_channels, 8, 12] },
    },
    'a VAE encode': {
      component: vae,
      graph: vaeGraph(vae.config, 'encoder', portableLayers),
      inputs: { pixels: [1, 3, 256, 384] },
    },
    'a text encoder': {
      component: text,
      graph: clipTextGraph(text.config, portableLayers, true),
      inputs: clipTextInputs(text.config, true),
    },
  };
}

const zeros = (name: string, shape: Shape) => {
  const length = shape.reduce((product, side) => product * side, 1);
  const isInteger = ['input_ids', 'clip_skip', 'pooled_at'].includes(name);
  const data = isInteger ? new BigInt64Array(length) : new Float32Array(length);
  return { data, shape };
};

test('what a run takes is known within 5 % of what ONNX Runtime allocates, and is no more the second time', async (t) => {
  for (const [name, { component, graph, inputs }] of Object.entries(cases())) {
    const { model, folder } = placeWeights(graph, component);
    const session = await openInferenceSession(encodeModel(model), {
      ...{ device: 'cpu', level: 'basic', threads },
      config: {
        model_external_initializers_file_folder_path: folder,
        use_device_allocator_for_initializers: '1',
      },
    });
    const feeds = Object.fromEntries(Object.entries(inputs).map(([key, shape]) => [key, zeros(key, shape)]));
    const loaded = session.arenaStatistics().InUse!;
    await session.run(feeds);
    const { MaxInUse: most = 0, TotalAllocated: total = 0 } = session.arenaStatistics();
    await session.run(feeds);
    assert.equal(session.arenaStatistics().MaxInUse, most, name);
    assert.equal(session.arenaStatistics().TotalAllocated, total, name);
    await session.release();

    const arena = arenaModel('next power of two');
    simulateRun(arena, { graph, inputs }, cpuPlace(threads));
    for (const [what, estimated, allocated] of [
      ['at most in use', arena.maxInUse, most - loaded],
      ['taken', arena.total, total - loaded],
    ] as const) {
      t.diagnostic(`${name}, ${what}: ${estimated} estimated, ${allocated} allocated`);
      assert.ok(
        Math.abs(estimated / allocated - 1) < 0.05,
        `${name}, ${what}: ${estimated}, not ${allocated}`,
      );
    }
    assert.equal(arena.inUse, 0);
  }
});
