import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { openCheckpoint } from '../checkpoints/open-checkpoint.ts';
import { after, before } from '../testing/hooks.ts';
import type { VaeDecoder, VaeEncoder } from './networks.ts';
import { oracleNumbers } from './testing/oracle-inputs.ts';
import { openVaeDecoder, openVaeEncoder } from './vae.ts';
import { spansOf, tiledDecoder, tiledEncoder } from './vae-tiles.ts';

let decoder: VaeDecoder;
let encoder: VaeEncoder;

before(async () => {
  const { vae } = await openCheckpoint(path.resolve(import.meta.dirname, '../../models/demo/demo-base'));
  decoder = await openVaeDecoder(vae, { device: 'cpu' });
  encoder = await openVaeEncoder(vae, { device: 'cpu' });
});
after(() => Promise.all([decoder.release(), encoder.release()]));

test('spans of one length cover a side, and neighbours share at least the overlap', () => {
  for (const size of [1, 16, 71, 72, 73, 127, 128, 129, 185, 240, 400]) {
    const spans = spansOf(size, { side: 72, overlap: 16 });
    const { length } = spans[0]!;
    assert.ok(length <= 72 && spans.every((span) => span.length === length));
    assert.equal(spans[0]!.start, 0);
    assert.equal(spans.at(-1)!.start + length, size);
    for (const [index, { start, before: shared }] of spans.entries())
      if (index > 0) {
        assert.equal(spans[index - 1]!.start + length - start, shared);
        assert.ok(shared >= 16);
      }
  }
});

/** Every latent as a square of pixels: what a decoder gives whose tiles know nothing of each other. */
const enlarging: VaeDecoder = {
  ...{ factor: 4, channels: 2, scalingFactor: 1 },
  release: async () => undefined,
  decode: async (latents, height, width) => {
    const pixels = new Float32Array(latents.length * 16);
    for (let index = 0; index < pixels.length; index++) {
      const [line, x] = [Math.floor(index / (width * 4)), index % (width * 4)];
      const [channel, y] = [Math.floor(line / (height * 4)), line % (height * 4)];
      pixels[index] = latents[(channel * height + Math.floor(y / 4)) * width + Math.floor(x / 4)]!;
    }
    return pixels;
  },
};

test('tiles of a decoder without borders give the whole picture', async () => {
  const latents = oracleNumbers([2, 37, 50], 3);
  const tiled = tiledDecoder(enlarging, () => true, { side: 64, overlap: 16 });
  const [whole, blended] = [await enlarging.decode(latents, 37, 50), await tiled.decode(latents, 37, 50)];
  const worst = whole.reduce((most, value, index) => Math.max(most, Math.abs(value - blended[index]!)), 0);
  assert.ok(worst < 1e-6, `differs by ${worst}`);
});

test('what fits into one tile, or is not to be tiled, is decoded as it always was', async () => {
  const sizes: number[][] = [];
  const asked = {
    ...enlarging,
    decode: async (_: Float32Array, height: number, width: number) => {
      sizes.push([height, width]);
      return new Float32Array(1);
    },
  };
  const tiling = { side: 64, overlap: 16 };
  await tiledDecoder(asked, () => true, tiling).decode(new Float32Array(2 * 16 * 9), 16, 9);
  await tiledDecoder(asked, () => false, tiling).decode(new Float32Array(2 * 17 * 40), 17, 40);
  assert.deepEqual(sizes, [
    [16, 9],
    [17, 40],
  ]);
});

/** [3, side, side] in -1 ... 1, without an edge. */
function smoothPicture(side: number): Float32Array {
  const wave = (at: number, phase: number) => Math.sin((at / side) * 5 + phase);
  return Float32Array.from({ length: 3 * side * side }, (_, index) => {
    const [x, y, channel] = [index % side, Math.floor(index / side) % side, Math.floor(index / side / side)];
    return 0.45 * wave(x, channel) + 0.45 * wave(y, 2 - channel);
  });
}

/** Pixels along a boundary over which a step must be the same to be seen as a line. */
const segment = 32;

/**
 * How far a tiled picture is from the whole one, in levels of 255: at most and on average; and its seam: the
 * largest step of that difference from one column or row to the next, over a segment of it.
 */
function differenceOf(whole: Float32Array, tiled: Float32Array, side: number) {
  const differences = whole.map((value, index) => (tiled[index]! - value) * 127.5);
  let [most, sum, seam] = [0, 0, 0];
  for (const [index, value] of differences.entries()) {
    most = Math.max(most, Math.abs(value));
    sum += Math.abs(value);
    const [x, y] = [index % side, Math.floor(index / side) % side];
    for (const [at, along, across] of [
      [x, side, 1],
      [y, 1, side],
    ] as const) {
      if (at === 0 || (along === 1 ? x : y) % segment !== 0) continue;
      let step = 0;
      for (let k = 0; k < segment; k++)
        step += differences[index + k * along]! - differences[index + k * along - across]!;
      seam = Math.max(seam, Math.abs(step) / segment);
    }
  }
  return { most, mean: sum / differences.length, seam };
}

const shown = (numbers: Readonly<Record<string, number>>) =>
  Object.entries(numbers).map(([name, value]) => `${name} ${value.toFixed(2)}`);

test('a smooth picture of the demo checkpoint has no seams where its tiles meet', async (t) => {
  const side = 768;
  const pixels = smoothPicture(side);
  const [grid, depth] = [side / decoder.factor, decoder.channels];
  const moments = await encoder.encode(pixels, side, side);
  const latents = moments.slice(0, depth * grid * grid);
  const whole = await decoder.decode(latents, grid, grid);
  const tiled = await tiledDecoder(decoder, () => true).decode(latents, grid, grid);
  const { most, mean, seam } = differenceOf(whole, tiled, side);
  t.diagnostic(`decoded, in levels of 255: ${shown({ most, mean, seam })}`);
  assert.ok(seam < 2, `a seam of ${seam}/255`);

  const encoded = await tiledEncoder(encoder, () => true).encode(pixels, side, side);
  const [means, deviation] = [
    encoded.slice(0, latents.length),
    Math.sqrt(meanOf(latents, (value) => value * value)),
  ];
  const apart = meanOf(means, (value, index) => Math.abs(value - latents[index]!)) / deviation;
  t.diagnostic(`encoded: mean difference ${apart.toFixed(4)} of the latents' deviation`);
  assert.ok(apart < 0.02, `latents differ by ${apart}`);
});

function meanOf(values: Float32Array, of: (value: number, index: number) => number): number {
  return values.reduce((sum, value, index) => sum + of(value, index), 0) / values.length;
}
