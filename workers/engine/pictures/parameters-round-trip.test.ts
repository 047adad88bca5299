import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { quickVariant, writeTinyCheckpoints } from '../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { parseImageToImage, parseTextToImage } from '../../../src/contract/bodies/bodies.ts';
import type { GenerationRequest } from '../../../src/contract/generation.ts';
import { recreatedRequest } from '../../../src/contract/infotext/recreated-request.ts';
import { encodeImage } from '../../../src/images/encode-image.ts';
import { readParameters } from '../../../src/images/metadata/read-parameters.ts';
import { loadModels } from '../../../src/installation/load-models.ts';
import { after, before } from '../../../src/testing/hooks.ts';
import type { Generator } from '../generator.ts';
import { createSdxlGenerator } from '../sdxl-generator.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'sdxl-round-trip-'));
const settings = { device: 'cpu', engineBatch: 1, promptEmphasis: 'no-norm', promptMaxChunks: 4 } as const;
const defaults = { drawSeed: () => 77, rng: 'philox', embedParameters: true } as const;
let generator: Generator;
let input: Buffer;

before(async () => {
  const base = await loadModels((await writeTinyCheckpoints(directory, quickVariant)).base, {
    device: 'cpu',
  });
  generator = createSdxlGenerator(
    new Map([
      ['sdxl-base', base],
      ['juggernaut', base],
    ]),
    settings,
  );
  const pixels = Float32Array.from({ length: 3 * 64 * 96 }, (_, at) => Math.sin(at / 50));
  input = await encodeImage(pixels, 96, 64, 'png');
});
after(() => rmSync(directory, { recursive: true }));

const small = { width: 96, height: 64 };
const texts = (fields: object): GenerationRequest => ({
  ...parseTextToImage({ img_width: 512, img_height: 512, ...fields }, defaults, true),
  ...small,
});
const images = (fields: object): GenerationRequest => {
  const { image: _, ...request } = parseImageToImage({ ...fields, image: 'x' }, defaults);
  return { ...request, imageKey: 'key' };
};

async function pictureOf(request: GenerationRequest): Promise<Uint8Array> {
  const inputImage = request.endpoint === 'sdxl-img2img' ? input : undefined;
  const signal = new AbortController().signal;
  const { pictures } = await generator.generate(request, {
    inputImage,
    signal,
    progress: async () => undefined,
  });
  return pictures.at(-1)!.bytes;
}

const common = {
  prompt: 'a red panda, (bamboo:1.2)',
  negative_prompt: 'blurry',
  seed: 42,
  guidance_scale: 3,
};
for (const [what, endpoint, fields] of [
  ['a published scheduler', 'sdxl-torch', { scheduler: 'Euler a', num_inference_steps: 20, refiner: false }],
  [
    'a sampler on a schedule',
    'sdxl-torch',
    { sampler: 'dpmpp_2m_sde', schedule: 'karras', num_inference_steps: 3, refiner: false },
  ],
  [
    'a style, the second of two pictures, the noise of the CPU, in a JPEG',
    'sdxl-torch',
    {
      ...{ style: 'anime', samples: 2, rng: 'torch-cpu', output_format: 'jpeg', refiner: false },
      ...{ sampler: 'heun', num_inference_steps: 3 },
    },
  ],
  [
    'a varied and resized seed, in a WebP',
    'sdxl-torch',
    {
      ...{ subseed: 9, subseed_strength: 0.4, seed_resize_from_w: 64, seed_resize_from_h: 64, samples: 2 },
      ...{ sampler: 'euler', num_inference_steps: 3, output_format: 'webp', refiner: false },
    },
  ],
  [
    'image to image',
    'sdxl-img2img',
    { scheduler: 'DPM++ 2M Karras', num_inference_steps: 20, strength: 0.2 },
  ],
  [
    'image to image with a varied seed',
    'sdxl-img2img',
    { sampler: 'euler_ancestral', num_inference_steps: 6, strength: 0.5, subseed: 9, subseed_strength: 0.4 },
  ],
] as const)
  test(`a picture leads to a request that makes it again, byte for byte: ${what}`, async () => {
    const build = endpoint === 'sdxl-torch' ? texts : images;
    const first = await pictureOf(build({ ...common, output_format: 'png', ...fields }));
    const { text } = readParameters(first)!;
    const { fields: again, slug, warnings } = recreatedRequest(text);
    assert.deepEqual([slug === 'sdxl-img2img', warnings], [endpoint === 'sdxl-img2img', []]);
    const { output_format = 'png' } = fields as { output_format?: string };
    const { img_width: _, img_height: __, ...free } = again;
    assert.deepEqual(await pictureOf(build({ ...free, output_format })), first);
  });
