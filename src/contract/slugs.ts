import type { Endpoint } from './generation.ts';

/** The names under `/v1/` and `/v2/` at which clients submit, and the endpoint each one means. */
export const slugs: Readonly<Record<string, Endpoint>> = {
  'sdxl-torch': 'sdxl-torch',
  'sdxl-img2img': 'sdxl-img2img',
};
