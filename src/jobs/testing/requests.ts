import type { TextToImageRequest } from '../../contract/generation.ts';
import type { GenerationOutput } from '../generate.ts';

/** Requests, answers and a silent log for the tests of this folder. */

export const log = { info: () => {}, warn: () => {}, error: () => {} };
export const request: TextToImageRequest = {
  endpoint: 'sdxl-torch',
  prompt: 'a panda',
  negativePrompt: '',
  samples: 2,
  scheduler: 'UniPC',
  steps: 20,
  guidanceScale: 7.5,
  strength: 0.2,
  seed: 7,
  base64: false,
  outputFormat: 'jpeg',
  rng: 'philox',
  style: 'base',
  highNoiseFraction: 0.8,
  refiner: true,
  width: 1024,
  height: 1024,
};

/** One picture for each seed. */
export const output = (...seeds: number[]): GenerationOutput => ({
  pictures: seeds.map((seed) => ({ bytes: Buffer.from(`picture ${seed}`), seed })),
  checkpoints: ['tiny'],
  inferenceSeconds: 0.5,
  stageSeconds: { base: 0.4 },
});
