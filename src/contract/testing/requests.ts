import type { TextToImageRequest } from '../generation.ts';

/** A request as the gateway hands it on, with the refiner and two samples. */
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
