import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { quickVariant, writeTinyCheckpoints } from '../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import type { GenerationRequest } from '../../src/contract/generation.ts';
import { loadModels } from '../../src/installation/load-models.ts';
import type { Models } from '../../src/pipelines/models.ts';
import { after, before } from '../../src/testing/hooks.ts';
import { fakeRequest } from '../testing/queue.ts';
import type { Generator } from './generator.ts';
import { createSdxlGenerator } from './sdxl-generator.ts';

/** A VAE that is not SDXL's: 16 instead of 8 pixels to a latent, 6 instead of 4 channels. */
const levels = 5;
const channels = { in_channels: 6, out_channels: 6 };
const otherVae = {
  ...quickVariant,
  baseUnet: { ...quickVariant.baseUnet, ...channels },
  refinerUnet: { ...quickVariant.refinerUnet, ...channels },
  vae: {
    block_out_channels: [8, 8, 8, 16, 16],
    down_block_types: Array(levels).fill('DownEncoderBlock2D'),
    up_block_types: Array(levels).fill('UpDecoderBlock2D'),
    latent_channels: 6,
    scaling_factor: 1,
  },
};
const directory = mkdtempSync(path.join(tmpdir(), 'other-vae-'));
const settings = { device: 'cpu', engineBatch: 1, promptEmphasis: 'no-norm', promptMaxChunks: 4 } as const;
const never = new AbortController().signal;
let generator: Generator;

before(async () => {
  const { base } = await writeTinyCheckpoints(directory, otherVae);
  const models: Models = await loadModels(base, { device: 'cpu' });
  const names = ['sdxl-base', 'juggernaut'];
  generator = createSdxlGenerator(new Map(names.map((name) => [name, models])), settings, {
    previewIntervalMs: 0,
  });
});
after(() => rmSync(directory, { recursive: true }));

test("a generator tells the multiple that its pictures' sides must have", () => {
  assert.equal(generator.capabilities.sizeMultiple, 16);
});

/** What its generator makes of a request, as rows of pixels. */
async function made(request: GenerationRequest, input?: Buffer) {
  const { pictures, warnings } = await generator.generate(request, {
    inputImage: input,
    progress: async () => undefined,
    signal: never,
  });
  const { data, info } = await sharp(pictures[0]!.bytes).raw().toBuffer({ resolveWithObject: true });
  return { data, size: [info.width, info.height], warnings };
}

test('a size that it cannot make is the middle of the next one it can, to the bit, and is told', async () => {
  const request = { ...fakeRequest('a heron', 4), outputFormat: 'png' } as const;
  for (const [width, height, canvasWidth, canvasHeight] of [
    [96, 72, 96, 80],
    [72, 64, 80, 64],
    [72, 104, 80, 112],
  ] as const) {
    const small = await made({ ...request, width, height });
    assert.deepEqual(small.size, [width, height]);
    const large = await made({ ...request, width: canvasWidth, height: canvasHeight });
    const middle = await sharp(large.data, { raw: { width: canvasWidth, height: canvasHeight, channels: 3 } })
      .extract({ left: (canvasWidth - width) / 2, top: (canvasHeight - height) / 2, width, height })
      .raw()
      .toBuffer();
    assert.deepEqual(small.data, middle);
    assert.equal(large.warnings, undefined);
    assert.equal(small.warnings!.length, 1);
    assert.match(
      small.warnings![0]!,
      new RegExp(
        `^img_width, img_height: ${width}x${height} is a size made by cropping ${canvasWidth}x${canvasHeight}`,
      ),
    );
  }
});

test('a picture made from an input of any size has that size, and the input stays where it was', async () => {
  const { style: _, highNoiseFraction: __, refiner: ___, ...common } = fakeRequest('a heron', 4);
  const request: GenerationRequest = {
    ...{ ...common, endpoint: 'sdxl-img2img', baseModel: 'juggernaut', imageKey: '' },
    ...({ outputFormat: 'png' } as const),
  };
  const input = (width: number, height: number) =>
    sharp({ create: { width, height, channels: 3, background: '#3377aa' } })
      .png()
      .toBuffer();
  const odd = await made(request, await input(104, 72));
  assert.deepEqual(odd.size, [104, 72]);
  assert.match(odd.warnings![0]!, /^image: 104x72 is a size made by cropping 112x80, .* multiples of 16$/);
  // A plain picture mirrored around is the plain picture of the larger size.
  const whole = await made(request, await input(112, 80));
  assert.deepEqual(whole.size, [112, 80]);
  assert.equal(whole.warnings, undefined);
  const middle = await sharp(whole.data, { raw: { width: 112, height: 80, channels: 3 } })
    .extract({ left: 4, top: 4, width: 104, height: 72 })
    .raw()
    .toBuffer();
  assert.deepEqual(odd.data, middle);
});

test('its previews have one pixel for each latent position', async () => {
  const sizes: unknown[] = [];
  await generator.generate(
    { ...fakeRequest('a heron', 2), width: 96, height: 64 },
    {
      inputImage: undefined,
      progress: async (_, preview) => {
        const { format, width, height } = await sharp(preview!).metadata();
        sizes.push([format, width, height]);
      },
      signal: never,
    },
  );
  assert.deepEqual(sizes, [
    ['jpeg', 6, 4],
    ['jpeg', 6, 4],
  ]);
});
