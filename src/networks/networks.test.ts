import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { Checkpoint, Component } from '../checkpoints/checkpoint.ts';
import type { UnetConfig } from '../checkpoints/configs/unet-config.ts';
import { openCheckpoint } from '../checkpoints/open-checkpoint.ts';
import {
  type TinyCheckpointOptions,
  writeTinyCheckpoints,
} from '../checkpoints/synthetic/tiny-checkpoint.ts';
import { openClipTextEncoder } from './clip-text-encoder.ts';
import { oracleIds, oracleNumbers, oracleTimeIds, oracleTimestep } from './testing/oracle-inputs.ts';
import { openUnet } from './unet.ts';
import { openVaeDecoder, openVaeEncoder } from './vae.ts';

interface Oracles {
  readonly versions: Readonly<Record<string, string>>;
  readonly variants: Readonly<
    Record<
      string,
      {
        readonly sha256: Readonly<Record<string, string>>;
        readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
      }
    >
  >;
}

const read = (name: string) =>
  JSON.parse(readFileSync(path.join(import.meta.dirname, 'oracles', name), 'utf8'));
const variants: Record<string, { options: TinyCheckpointOptions }> = read('variants.json');
const oracles: Oracles = read('networks.json');
const libraries = `diffusers ${oracles.versions.diffusers}, transformers ${oracles.versions.transformers}`;

/** Of the largest difference to the largest absolute value expected. */
const tolerance = 1e-4;
const cpu = { device: 'cpu' } as const;

const directory = mkdtempSync(path.join(tmpdir(), 'networks-'));
after(() => rmSync(directory, { recursive: true }));

function unpack(base64: string): Float32Array {
  const bytes = Uint8Array.from(Buffer.from(base64, 'base64'));
  return new Float32Array(bytes.buffer);
}

function relativeDifference(actual: Float32Array, expected: Float32Array): number {
  assert.equal(actual.length, expected.length);
  const largest = (values: Float32Array) =>
    values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return largest(actual.map((value, index) => value - expected[index]!)) / largest(expected);
}

type Outputs = Record<string, Float32Array | undefined>;

async function unetOutputs(
  component: Component<UnetConfig>,
  timeIdCount: number,
  sides: number[],
  split = false,
): Promise<Outputs> {
  const unet = await openUnet(component, { ...cpu, timeIdCount, split });
  const [height, width, tokens] = sides as [number, number, number];
  const noise = await unet.predictNoise({
    latents: oracleNumbers([2, unet.channels, height, width], 1),
    batch: 2,
    height,
    width,
    timestep: oracleTimestep,
    encoderHiddenStates: oracleNumbers([2, tokens, unet.crossAttentionWidth], 2),
    textEmbeds: oracleNumbers([2, unet.pooledWidth], 3),
    timeIds: oracleTimeIds[timeIdCount]!,
  });
  await unet.release();
  return { noise };
}

async function vaeOutputs({ vae }: Checkpoint, height: number, width: number): Promise<Outputs> {
  const encoder = await openVaeEncoder(vae, cpu);
  const moments = await encoder.encode(oracleNumbers([1, 3, height, width], 5), height, width);
  await encoder.release();
  const decoder = await openVaeDecoder(vae, cpu);
  const sides = [height / decoder.factor, width / decoder.factor] as const;
  const pixels = await decoder.decode(oracleNumbers([1, decoder.channels, ...sides], 6), ...sides);
  await decoder.release();
  return { moments, pixels };
}

async function textOutputs({ textEncoders }: Checkpoint, index: number): Promise<Outputs> {
  const encoder = await openClipTextEncoder(textEncoders[index]!, cpu);
  const { hiddenStates, pooled } = await encoder.encodePrompt(oracleIds());
  await encoder.release();
  return { hiddenStates, pooled };
}

/** `network` is a name and, for those that have them, sizes: unet 16x16x77. */
function outputsOf(network: string, base: Checkpoint, refiner: Checkpoint, split: boolean): Promise<Outputs> {
  const [name, size = ''] = network.split(' ');
  const sides = size.split('x').map(Number);
  if (name === 'unet') return unetOutputs(base.unet, 6, sides, split);
  if (name === 'refiner') return unetOutputs(refiner.unet, 5, sides, split);
  if (name === 'vae') return vaeOutputs(base, sides[0]!, sides[1]!);
  return textOutputs(base, name === 'textEncoder' ? 0 : 1);
}

for (const [variant, { sha256, outputs }] of Object.entries(oracles.variants)) {
  test(`${variant}: every network gives what ${libraries} give in float32`, async (t) => {
    const { base, refiner } = await writeTinyCheckpoints(
      path.join(directory, variant),
      variants[variant]!.options,
    );
    for (const [file, expected] of Object.entries(sha256)) {
      const bytes = readFileSync(path.join(directory, variant, file));
      assert.equal(
        createHash('sha256').update(bytes).digest('hex'),
        expected,
        `${file} differs from the oracle's`,
      );
    }
    const checkpoints = [await openCheckpoint(base), await openCheckpoint(refiner)] as const;
    for (const [network, expected] of Object.entries(outputs)) {
      // Large UNets are loaded in two parts, small ones whole: these small ones stand for both.
      for (const split of expected.noise === undefined ? [false] : [false, true]) {
        const actual = await outputsOf(network, ...checkpoints, split);
        for (const [name, values] of Object.entries(expected)) {
          const difference = relativeDifference(actual[name]!, unpack(values));
          t.diagnostic(`${network} ${name}: ${difference.toExponential(1)}`);
          assert.ok(difference < tolerance, `${network}: ${name} differs by ${difference}`);
        }
      }
    }
  });
}

// The tiny variant's checkpoint, written by the first test, built wrongly.

/**
 * What the config says but no tensor's shape gives away: taken wrongly, the output must move beyond the
 * tolerance.
 */
const misreadings: Record<string, Partial<UnetConfig>> = {
  'head counts': { attention_head_dim: [1, 4, 5] },
  'frequency order': { flip_sin_to_cos: false },
  'frequency shift': { freq_shift: 1 },
  'norm groups': { norm_num_groups: 4 },
  'norm epsilon': { norm_eps: 1e-2 },
};

for (const [what, wrong] of Object.entries(misreadings)) {
  test(`a UNet built with the wrong ${what} is caught`, async () => {
    const base = path.join(directory, 'tiny', 'tiny-base');
    const { unet } = await openCheckpoint(base);
    const misread = { ...unet, config: { ...unet.config, ...wrong } };
    const expected = unpack(oracles.variants.tiny!.outputs['unet 16x16x77']!.noise!);
    const { noise } = await unetOutputs(misread, 6, [16, 16, 77]);
    const difference = relativeDifference(noise!, expected);
    assert.ok(difference > 10 * tolerance, `differs by ${difference} only`);
  });
}

for (const [index, wrong] of [
  [0, { hidden_act: 'gelu' }],
  [0, { num_attention_heads: 3 }],
  [1, { hidden_act: 'quick_gelu' }],
  [1, { num_attention_heads: 2 }],
] as const) {
  test(`text encoder ${index} built with ${JSON.stringify(wrong)} is caught`, async () => {
    const base = path.join(directory, 'tiny', 'tiny-base');
    const checkpoint = await openCheckpoint(base);
    const textEncoders = checkpoint.textEncoders.map((encoder) => ({
      ...encoder,
      config: { ...encoder.config, ...wrong },
    }));
    const { textEncoder, textEncoder2 } = oracles.variants.tiny!.outputs;
    const expected = unpack((index === 0 ? textEncoder : textEncoder2)!.hiddenStates!);
    const { hiddenStates } = await textOutputs({ ...checkpoint, textEncoders }, index);
    const difference = relativeDifference(hiddenStates!, expected);
    assert.ok(difference > 10 * tolerance, `differs by ${difference} only`);
  });
}

for (const [what, wrong, tensor] of [
  [
    'depths',
    {
      transformer_layers_per_block: [
        [1, 1],
        [1, 1],
        [3, 3],
      ],
    },
    /transformer_blocks\.2/,
  ],
  ['projection kind', { use_linear_projection: false }, /proj_in\.weight/],
] as const) {
  test(`a UNet built with the wrong ${what} is refused by tensor`, async () => {
    const base = path.join(directory, 'tiny', 'tiny-base');
    const { unet } = await openCheckpoint(base);
    const misread = { ...unet, config: { ...unet.config, ...wrong } };
    await assert.rejects(openUnet(misread, { ...cpu, timeIdCount: 6 }), (error: Error) => {
      assert.match(error.message, tensor);
      assert.match(error.message, /tiny.tiny-base.unet/);
      return true;
    });
  });
}
