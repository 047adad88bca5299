import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import sharp from 'sharp';
import { quickVariant, writeTinyCheckpoints } from '../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { loadModels } from '../../src/installation/load-models.ts';
import { JobError } from '../../src/jobs/job-error.ts';
import type { Models } from '../../src/pipelines/models.ts';
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

test("an input picture is floored to multiples of its checkpoint's factor", async () => {
  const png = await sharp({ create: { width: 104, height: 72, channels: 3, background: '#3377aa' } })
    .png()
    .toBuffer();
  const { style: _, highNoiseFraction: __, refiner: ___, ...common } = fakeRequest('a heron', 4);
  const { pictures } = await generator.generate(
    { ...common, endpoint: 'sdxl-img2img', baseModel: 'juggernaut', imageKey: '' },
    png,
    async () => undefined,
    never,
  );
  const { width, height } = await sharp(pictures[0]!.bytes).metadata();
  assert.deepEqual([width, height], [96, 64]);
});

test('another size is refused with the size and the multiple', async () => {
  await assert.rejects(
    generator.generate(
      { ...fakeRequest('a heron', 4), width: 96, height: 72 },
      undefined,
      async () => undefined,
      never,
    ),
    (error) =>
      error instanceof JobError &&
      !error.retryable &&
      /96x72 .* both sides must be multiples of 16/.test(error.message),
  );
});

test('its previews have one pixel for each latent position', async () => {
  const sizes: unknown[] = [];
  await generator.generate(
    { ...fakeRequest('a heron', 2), width: 96, height: 64 },
    undefined,
    async (_, preview) => {
      const { format, width, height } = await sharp(preview!).metadata();
      sizes.push([format, width, height]);
    },
    never,
  );
  assert.deepEqual(sizes, [
    ['jpeg', 6, 4],
    ['jpeg', 6, 4],
  ]);
});
