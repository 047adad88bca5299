import type { z } from 'zod';
import { bodies, freeSizeBody } from './bodies/bodies.ts';
import { submitFields } from './bodies/submit-options.ts';
import type { Endpoint } from './endpoints.ts';

/** A name under `/v1/` and `/v2/` at which clients submit. */
export interface Slug {
  readonly endpoint: Endpoint;
  /** What its body is documented as. */
  readonly body: z.ZodObject;
  /** Whether `img_width` and `img_height` may be other than 1024. */
  readonly freeSize: boolean;
}

/**
 * `sdxl1.0-txt2img` is the name that nearly all public clients use, with a size; `sdxl1.0-img2img` is that of
 * an MCP server.
 */
export const slugs = {
  'sdxl-torch': { endpoint: 'sdxl-torch', body: bodies['sdxl-torch'].extend(submitFields), freeSize: false },
  'sdxl-img2img': {
    endpoint: 'sdxl-img2img',
    body: bodies['sdxl-img2img'].extend(submitFields),
    freeSize: false,
  },
  'sdxl1.0-txt2img': { endpoint: 'sdxl-torch', body: freeSizeBody.extend(submitFields), freeSize: true },
  'sdxl1.0-img2img': {
    endpoint: 'sdxl-img2img',
    body: bodies['sdxl-img2img'].extend(submitFields),
    freeSize: false,
  },
} as const satisfies Record<string, Slug>;

/** What `POST /v1/{model}` and `POST /v2/{model}` take: text to image, with a picture image to image. */
export const servedModelBody = freeSizeBody
  .omit({ model: true })
  .extend({ image: bodies['sdxl-img2img'].shape.image.optional(), ...submitFields });

export type SlugName = keyof typeof slugs;

export const slugNames = Object.keys(slugs) as SlugName[];
