import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { withChannelsLast, writeChannelsLast } from '../checkpoints/channels-last/channels-last-copies.ts';
import type { Checkpoint, Component } from '../checkpoints/checkpoint.ts';
import { openCheckpoint } from '../checkpoints/open-checkpoint.ts';
import {
  type TinyCheckpointOptions,
  writeTinyCheckpoints,
} from '../checkpoints/synthetic/tiny-checkpoint.ts';
import { clipTextGraph } from '../graphs/clip.ts';
import { cudaLayers } from '../graphs/cuda-layers.ts';
import type { NetworkGraph, Precision, Sizes } from '../graphs/graph.ts';
import type { Flavour } from '../graphs/layers.ts';
import { placeWeights } from '../graphs/place-weights.ts';
import { portableLayers } from '../graphs/portable-layers.ts';
import { unetGraph } from '../graphs/unet.ts';
import { vaeGraph } from '../graphs/vae.ts';
import type { Tensors } from './runtime/tensor-values.ts';
import { oracleIds, oracleNumbers, oracleTimeIds, oracleTimestep } from './testing/oracle-inputs.ts';
import { relativeDifference, run, runExpanded } from './testing/run-expanded.ts';

/**
 * The cuda flavour of whole networks, the operators that only CUDA has written out, beside the portable
 * flavour on the same weights. In float32 they differ by the order of sums; in float16 each value is rounded
 * to 11 bits on its way.
 */
const tolerances: Readonly<Record<Precision, number>> = { float32: 1e-5, float16: 4e-3 };

const directory = mkdtempSync(path.join(tmpdir(), 'cuda-networks-'));
after(() => rmSync(directory, { recursive: true }));

const written = new Map<TinyCheckpointOptions, Promise<{ base: string; refiner: string }>>();

async function checkpoint(
  options: TinyCheckpointOptions,
  which: 'base' | 'refiner' = 'base',
): Promise<Checkpoint> {
  if (!written.has(options))
    written.set(options, writeTinyCheckpoints(path.join(directory, String(written.size)), options));
  return openCheckpoint((await written.get(options)!)[which]);
}

const numbers = (shape: readonly number[], salt: number) => ({ data: oracleNumbers(shape, salt), shape });

interface Built {
  readonly component: Component<unknown>;
  build(flavour: Flavour, sizes?: Sizes): NetworkGraph;
  readonly inputs: Tensors;
}

function unet({ unet }: Checkpoint, timeIdCount: number, height: number, width: number, tokens = 77): Built {
  const { config } = unet;
  const pooledWidth =
    config.projection_class_embeddings_input_dim - timeIdCount * config.addition_time_embed_dim;
  return {
    component: unet,
    build: (flavour, sizes) => unetGraph(config, flavour, { pooledWidth, timeIdCount }, sizes),
    inputs: {
      sample: numbers([2, 4, height, width], 1),
      timestep: { data: Float32Array.of(oracleTimestep), shape: [1] },
      encoder_hidden_states: numbers([2, tokens, config.cross_attention_dim], 2),
      text_embeds: numbers([2, pooledWidth], 3),
      time_ids: { data: oracleTimeIds[timeIdCount]!, shape: [2, timeIdCount] },
    },
  };
}

function text({ textEncoders }: Checkpoint, index: number): Built {
  const component = textEncoders[index]!;
  const integers = (values: Iterable<number>, shape: readonly number[]) => ({
    data: BigInt64Array.from(values, BigInt),
    shape,
  });
  const pooled = index === 1 ? { pooled_at: integers([9, 40], [2]) } : {};
  return {
    component,
    build: (flavour, sizes) => clipTextGraph(component.config, flavour, index === 1, sizes),
    inputs: {
      input_ids: integers(oracleIds(), [2, 77]),
      vectors: numbers([2, 77, component.config.hidden_size], 4),
      has_vector: { data: new Float32Array(2 * 77).fill(1, 3, 5), shape: [2, 77, 1] },
      clip_skip: integers([1], []),
      ...pooled,
    },
  };
}

function vae({ vae }: Checkpoint, half: 'encoder' | 'decoder', height: number, width: number): Built {
  const { config } = vae;
  return {
    component: vae,
    build: (flavour, sizes) => vaeGraph(config, half, flavour, sizes && { sizes }),
    inputs:
      half === 'encoder'
        ? { pixels: numbers([1, 3, height, width], 5) }
        : { latents: numbers([1, 4, height, width], 6) },
  };
}

const tiny: TinyCheckpointOptions = {};
/** Channels in numbers that BiasAdd and BiasSplitGelu take, groups of one pair of channels and more. */
const wide: TinyCheckpointOptions = {
  seed: 6,
  baseUnet: {
    block_out_channels: [64, 320],
    attention_head_dim: [1, 5],
    down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D'],
    up_block_types: ['CrossAttnUpBlock2D', 'UpBlock2D'],
    transformer_layers_per_block: [1, 2],
    norm_num_groups: 32,
  },
};
const convProjection: TinyCheckpointOptions = {
  seed: 2,
  dtype: 'BF16',
  baseUnet: { use_linear_projection: false },
  textEncoder: { hidden_act: 'gelu' },
};
/** One channel in a group, or three: no kernel takes them. */
const unevenGroups: TinyCheckpointOptions = {
  seed: 3,
  dtype: 'F32',
  baseUnet: { block_out_channels: [16, 32, 48], attention_head_dim: [1, 2, 6], norm_num_groups: 16 },
};

const networks: Readonly<Record<string, () => Promise<Built>>> = {
  'base UNet': async () => unet(await checkpoint(tiny), 6, 16, 16),
  'base UNet at odd sizes with two chunks of prompt': async () =>
    unet(await checkpoint(tiny), 6, 13, 17, 154),
  'refiner UNet': async () => unet(await checkpoint(tiny, 'refiner'), 5, 12, 11),
  'UNet with 320 channels': async () => unet(await checkpoint(wide), 6, 8, 8),
  'UNet with convolutions around its attention': async () => unet(await checkpoint(convProjection), 6, 8, 8),
  'UNet with an odd number of channels in a group': async () => unet(await checkpoint(unevenGroups), 6, 7, 8),
  'text encoder': async () => text(await checkpoint(tiny), 0),
  'text encoder with GELU': async () => text(await checkpoint(convProjection), 0),
  'text encoder with projection': async () => text(await checkpoint(tiny), 1),
  'VAE encoder': async () => vae(await checkpoint(tiny), 'encoder', 40, 24),
  'VAE decoder': async () => vae(await checkpoint(tiny), 'decoder', 5, 7),
};

for (const [name, open] of Object.entries(networks)) {
  test(`${name}: the cuda flavour gives what the portable one gives`, async (t) => {
    const { component, build, inputs } = await open();
    const portable = placeWeights(build(portableLayers), component);
    const expected = await run(portable.model, portable.folder, inputs);
    for (const precision of ['float32', 'float16'] as const) {
      const placed = placeWeights(build(cudaLayers(precision)), component);
      const actual = await runExpanded(placed, precision, inputs);
      for (const [output, values] of Object.entries(expected)) {
        const difference = relativeDifference(actual[output]!, values);
        t.diagnostic(`${precision} ${output}: ${difference.toExponential(1)}`);
        assert.ok(difference < tolerances[precision], `${precision} ${output} differs by ${difference}`);
      }
    }
  });
}

for (const name of ['base UNet at odd sizes with two chunks of prompt', 'VAE encoder', 'VAE decoder']) {
  test(`${name}: the deterministic cuda flavour gives what the portable one gives`, async (t) => {
    const { component, build, inputs } = await networks[name]!();
    const portable = placeWeights(build(portableLayers), component);
    const expected = await run(portable.model, portable.folder, inputs);
    for (const precision of ['float32', 'float16'] as const) {
      const placed = placeWeights(build(cudaLayers(precision, { deterministic: true })), component);
      assert.ok(!placed.model.nodes.some(({ op }) => op.endsWith('GroupNorm')));
      const actual = await runExpanded(placed, precision, inputs);
      for (const [output, values] of Object.entries(expected)) {
        const difference = relativeDifference(actual[output]!, values);
        t.diagnostic(`${precision} ${output}: ${difference.toExponential(1)}`);
        assert.ok(difference < tolerances[precision], `${precision} ${output} differs by ${difference}`);
      }
    }
  });
}

test('with prepared copies of the convolution weights, and with fixed sizes, networks give the same', async () => {
  const plain = await checkpoint(tiny);
  const side = path.join(plain.directory, 'prepared');
  await writeChannelsLast(plain, side);
  const prepared = await withChannelsLast(plain, side);
  for (const [of, precision, sizes] of [
    [(from: Checkpoint) => unet(from, 6, 8, 8), 'float16', { batch: 2, height: 8, width: 8, tokens: 77 }],
    [(from: Checkpoint) => vae(from, 'decoder', 5, 7), 'float32', { batch: 1, height: 5, width: 7 }],
  ] as const) {
    const results = [];
    for (const [from, fixed] of [
      [plain, undefined],
      [prepared, undefined],
      [prepared, sizes],
    ] as const) {
      const { component, build, inputs } = of(from);
      const placed = placeWeights(build(cudaLayers(precision), fixed), component);
      const fromSide = placed.model.initializers.filter(
        ({ data }) => !(data instanceof Uint8Array) && data.file.startsWith('prepared'),
      );
      assert.equal(fromSide.length > 0, from === prepared);
      assert.equal(
        placed.model.nodes.some(({ inputs: [first] }) => first?.endsWith(':OIHW') === true),
        from === plain,
      );
      results.push(await runExpanded(placed, precision, inputs));
    }
    // The runtime moves Transposes about differently where they are constants, which changes the order of
    // sums.
    for (const result of results.slice(1))
      for (const [name, values] of Object.entries(result)) {
        const difference = relativeDifference(values, results[0]![name]!);
        assert.ok(difference < tolerances[precision], `${name} differs by ${difference}`);
      }
  }
});
