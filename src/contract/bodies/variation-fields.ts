import { z } from 'zod';
import type { PictureOptions } from '../generation.ts';

/** Most that `seed` may be. */
export const maxSeed = 999_999_999_999_999;

const resizedFrom = z.int().min(0).max(2048).optional();

/** Extension: what a picture begins with beside its seed, and whether it says how it was made. */
export const variationFields = {
  subseed: z.int().min(-1).max(maxSeed).optional().meta({
    description: 'Extension: seed of a second noise, -1 draws one; picture i uses subseed + i',
  }),
  subseed_strength: z.number().min(0).max(1).optional().meta({
    description:
      'Extension: how far the noise is turned towards that of subseed; above 0 pictures share the seed',
  }),
  seed_resize_from_w: resizedFrom.meta({
    description: 'Extension: with seed_resize_from_h, the size whose noise stands in the middle; 0: none',
  }),
  seed_resize_from_h: resizedFrom.meta({ description: 'Extension: see seed_resize_from_w' }),
  embed_parameters: z.boolean().optional().meta({
    description: 'Extension: whether pictures say in themselves how they were made; see EMBED_PARAMETERS',
  }),
};

interface VariationBody {
  subseed?: number | undefined;
  subseed_strength?: number | undefined;
  seed_resize_from_w?: number | undefined;
  seed_resize_from_h?: number | undefined;
  embed_parameters?: boolean | undefined;
}

/** What a parsed body says with these fields; nothing where they change nothing. */
export function pictureOptionsOf(
  body: VariationBody,
  defaults: { readonly drawSeed: () => number; readonly embedParameters?: boolean },
): PictureOptions {
  const { subseed = -1, subseed_strength: strength = 0 } = body;
  const { seed_resize_from_w: width = 0, seed_resize_from_h: height = 0 } = body;
  const isEmbedded = body.embed_parameters ?? defaults.embedParameters;
  return {
    ...(strength > 0 && { variation: { seed: subseed === -1 ? defaults.drawSeed() : subseed, strength } }),
    ...(width > 0 && height > 0 && { seedResizeFrom: { width, height } }),
    ...(isEmbedded && { embedParameters: true }),
  };
}
