import { z } from 'zod';
import { mostClipSkip } from '../../checkpoints/configs/clip-skip.ts';

/** What SDXL is told of the picture's size beside the prompt; what is absent follows the picture. */
export interface SizeConditioning {
  readonly originalSize?: { readonly width: number; readonly height: number };
  readonly targetSize?: { readonly width: number; readonly height: number };
  readonly crop?: { readonly left: number; readonly top: number };
}

/** As far as anybody's pictures go. */
const most = 16_384;
const two = (least: number) => z.array(z.int().min(least).max(most)).length(2).optional();

/** Extension fields of every body. */
export const conditioningFields = {
  original_size: two(1).meta({
    description:
      'Extension: [width, height] that the picture is taken to have had; that of the picture unless given',
  }),
  target_size: two(1).meta({
    description:
      'Extension: [width, height] that the picture is taken to be made for; without effect on a refiner',
  }),
  crop: two(0).meta({
    description: 'Extension: [left, top] of the crop it is taken to come from; [0, 0] unless given',
  }),
};

/** @param usual the model's own; absent: SDXL's. */
export function clipSkipField(usual: number | undefined) {
  const field = z.int().min(0).max(mostClipSkip).optional();
  return (usual === undefined ? field : field.default(usual)).meta({
    description:
      "Extension: text encoder layers left out beside the last, as diffusers counts (A1111's Clip skip less 2)",
  });
}

interface ConditioningBody {
  clip_skip?: number | undefined;
  original_size?: readonly number[] | undefined;
  target_size?: readonly number[] | undefined;
  crop?: readonly number[] | undefined;
}

/** What a parsed body says with these fields; nothing where it has none. */
export function conditioningOf(body: ConditioningBody): {
  readonly clipSkip?: number;
  readonly sizeConditioning?: SizeConditioning;
} {
  const { original_size: original, target_size: target, crop, clip_skip: clipSkip } = body;
  const skipped = clipSkip === undefined ? {} : { clipSkip };
  if (original === undefined && target === undefined && crop === undefined) return skipped;
  return {
    ...skipped,
    sizeConditioning: {
      ...(original && { originalSize: { width: original[0]!, height: original[1]! } }),
      ...(target && { targetSize: { width: target[0]!, height: target[1]! } }),
      ...(crop && { crop: { left: crop[0]!, top: crop[1]! } }),
    },
  };
}
