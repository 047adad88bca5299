import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import type { Component, TensorLocation } from '../checkpoints/checkpoint.ts';
import type { VaeConfig } from '../checkpoints/configs/vae-config.ts';
import { openCheckpoint } from '../checkpoints/open-checkpoint.ts';
import { readSafetensorsHeader } from '../checkpoints/safetensors/safetensors.ts';
import { readTensorValues } from '../checkpoints/safetensors/tensor-values.ts';
import { writeSafetensors } from '../checkpoints/safetensors/write-safetensors.ts';
import { writeTinyCheckpoints } from '../checkpoints/synthetic/tiny-checkpoint.ts';
import { cudaLayers } from '../graphs/cuda-layers.ts';
import { placeWeights } from '../graphs/place-weights.ts';
import { portableLayers } from '../graphs/portable-layers.ts';
import { type VaeHalf, vaeGraph } from '../graphs/vae.ts';
import { noScales, scalesFrom, streamName, type VaeScales } from '../graphs/vae-scales.ts';
import { after, before } from '../testing/hooks.ts';
import { measureVaeScales } from './measure-vae-scales.ts';
import { oracleNumbers } from './testing/oracle-inputs.ts';
import { relativeDifference, run, runExpanded } from './testing/run-expanded.ts';
import { withFallback } from './vae.ts';
import { readVaeScales, vaeScalesFile, writeVaeScales } from './vae-scales-file.ts';

const directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'vae-float16-')));
after(() => rmSync(directory, { recursive: true }));

/** What writes into the residual stream, and what the values between two convolutions come of. */
const loud = /conv2\.(weight|bias)$|to_out\.0\.(weight|bias)$|conv_in\.(weight|bias)$|conv1\.(weight|bias)$/;

let vae: Component<VaeConfig>;
/** The same function of another size inside: its activations reach 1e5 and more, as those of SDXL's VAE. */
let loudVae: Component<VaeConfig>;

before(async () => {
  const { base } = await writeTinyCheckpoints(path.join(directory, 'tiny'), { dtype: 'F32' });
  vae = (await openCheckpoint(base)).vae;
  const file = path.join(directory, 'loud.safetensors');
  const sources = [];
  for (const [name, at] of vae.tensors) {
    const factor = loud.test(name) ? 4e5 : /(resample|samplers).*\.bias$/.test(name) ? 4e5 : 1;
    const values = (await readTensorValues(at)).map((value) => value * factor);
    sources.push({
      ...{ name, dtype: 'F32' as const, shape: at.shape },
      bytes: () => [new Uint8Array(values.buffer)],
    });
  }
  await writeSafetensors(file, sources);
  loudVae = { ...vae, tensors: (await readSafetensorsHeader(file)).tensors };
});

const inputOf = (half: VaeHalf) =>
  half === 'encoder'
    ? { pixels: { data: oracleNumbers([1, 3, 40, 24], 5), shape: [1, 3, 40, 24] } }
    : { latents: { data: oracleNumbers([1, 4, 6, 9], 6), shape: [1, 4, 6, 9] } };

const graphOf = (half: VaeHalf, layers: typeof portableLayers, scales: VaeScales) =>
  vaeGraph(loudVae.config, half, layers, { scales });

for (const half of ['encoder', 'decoder'] as const) {
  test(`a scaled ${half} computes the same in float32 to the last bit`, async () => {
    const scales = await measureVaeScales(loudVae, half);
    assert.ok(scales.stream < 2 ** -6, `the stream's scale is ${scales.stream}`);
    for (const layers of [portableLayers, cudaLayers('float32')]) {
      const results = [];
      for (const each of [noScales, scales]) {
        const placed = placeWeights(graphOf(half, layers, each), loudVae);
        const outputs = await (layers === portableLayers
          ? run(placed.model, placed.folder, inputOf(half))
          : runExpanded(placed, 'float32', inputOf(half)));
        results.push(Object.values(outputs)[0]!);
      }
      assert.deepEqual(results[1], results[0]);
    }
  });

  test(`a ${half} that overflows in float16 does not once it is scaled`, async (t) => {
    const reference = placeWeights(graphOf(half, portableLayers, noScales), loudVae);
    const [expected] = Object.values(await run(reference.model, reference.folder, inputOf(half)));
    const half16 = async (scales: VaeScales) => {
      const placed = placeWeights(graphOf(half, cudaLayers('float16'), scales), loudVae);
      return Object.values(await runExpanded(placed, 'float16', inputOf(half)))[0]!;
    };
    assert.ok((await half16(noScales)).some((value) => !Number.isFinite(value)));
    const difference = relativeDifference(await half16(await measureVaeScales(loudVae, half)), expected!);
    t.diagnostic(`largest difference over largest value: ${difference.toExponential(1)}`);
    // An ordinary decoder in float16 is 3.8e-3 from float64 (torch 2.13, small AutoencoderKL).
    assert.ok(difference < 5e-3, `${half} differs by ${difference}`);
  });
}

test('pictures of the demo checkpoint are the same in float16 within half a level of 255', async (t) => {
  const demo = (await openCheckpoint(path.resolve(import.meta.dirname, '../../models/demo/demo-base'))).vae;
  const scales = await measureVaeScales(demo, 'decoder');
  const depth = demo.config.latent_channels;
  const latents = { latents: { data: oracleNumbers([1, depth, 8, 8], 3), shape: [1, depth, 8, 8] } };
  const plain = placeWeights(vaeGraph(demo.config, 'decoder', portableLayers), demo);
  const half = placeWeights(vaeGraph(demo.config, 'decoder', cudaLayers('float16'), { scales }), demo);
  const [expected, actual] = [
    (await run(plain.model, plain.folder, latents)).pixels!,
    (await runExpanded(half, 'float16', latents)).pixels!,
  ];
  const sum = actual.reduce((total, value, index) => total + Math.abs(value - expected[index]!), 0);
  // Pixels lie in -1 ... 1.
  const levels = (sum / actual.length) * 127.5;
  t.diagnostic(`mean difference: ${levels.toFixed(3)}/255, stream scaled by ${scales.stream}`);
  assert.ok(levels < 0.5, `mean difference is ${levels}/255`);
});

test('scales are kept by the content of the weights, and what is not a scale is refused by file and place', async () => {
  const folder = path.join(directory, 'prepared');
  await writeVaeScales(loudVae, folder);
  for (const half of ['encoder', 'decoder'] as const)
    assert.deepEqual(await readVaeScales(loudVae, half, folder), await measureVaeScales(loudVae, half));
  assert.equal(await readVaeScales(vae, 'decoder', folder), undefined);

  const file = await vaeScalesFile(loudVae, folder);
  const written = readFileSync(file, 'utf8');
  for (const [text, complaint] of [
    ['{', /vae-scales-.*delete the file/],
    ['{"encoder": {"stream": 1}}', /has no decoder; delete the file/],
    [
      written.replaceAll(/"stream": [^,]+/g, '"stream": 0.3'),
      /decoder, stream is 0\.3, which is no power of two/,
    ],
  ] as const) {
    writeFileSync(file, text);
    await assert.rejects(readVaeScales(loudVae, 'decoder', folder), {
      name: 'CheckpointError',
      message: complaint,
    });
  }
});

test('a VAE whose scales are asked for by both halves is read once', async () => {
  let passes = 0;
  class Counted extends Map<string, TensorLocation> {
    override [Symbol.iterator]() {
      passes++;
      return super[Symbol.iterator]();
    }
  }
  const counted = { ...vae, tensors: new Counted(vae.tensors) };
  const files = ['encoder', 'decoder'].map(() => vaeScalesFile(counted, directory));
  assert.equal(new Set(await Promise.all(files)).size, 1);
  assert.equal(await vaeScalesFile({ ...counted }, directory), await files[0]);
  assert.equal(passes, 2, 'once for each component');
});

test('what fits in float16 already is left as it is', async () => {
  const { stream, hidden } = await measureVaeScales(vae, 'decoder');
  assert.deepEqual([stream, ...new Set(hidden.values())], [1, 1]);
});

test('scales are powers of two that bring the largest activation to at most 2^9', () => {
  const scales = scalesFrom(
    new Map([
      [streamName, 95_000],
      ['loud', 512],
      ['louder', 513],
    ]),
  );
  assert.deepEqual(scales, {
    stream: 2 ** -8,
    hidden: new Map([
      ['loud', 1],
      ['louder', 0.5],
    ]),
  });
  assert.throws(() => scalesFrom(new Map([['broken', Number.POSITIVE_INFINITY]])), /broken/);
});

test('a picture that float16 cannot hold all the same is computed in float32', async () => {
  const answer = (value: number) => ({ pixels: { data: Float32Array.of(0, value), shape: [2] } });
  let opened = 0;
  let released = 0;
  const wide = async () => {
    opened++;
    return {
      run: async () => answer(7),
      release: async () => {
        released++;
      },
    };
  };
  const decode = (value: number) => withFallback('vae', { run: async () => answer(value) }, wide, {});
  assert.deepEqual(await decode(5), answer(5));
  assert.equal(opened, 0);
  for (const value of [Number.NaN, Number.NEGATIVE_INFINITY])
    assert.deepEqual(await decode(value), answer(7));
  assert.deepEqual([opened, released], [2, 2]);
});
