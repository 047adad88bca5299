import { z } from 'zod';

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

interface ConditioningBody {
  original_size?: readonly number[] | undefined;
  target_size?: readonly number[] | undefined;
  crop?: readonly number[] | undefined;
}

/** What a parsed body says with these fields; nothing where it has none. */
export function sizeConditioningOf(body: ConditioningBody): { readonly sizeConditioning?: SizeConditioning } {
  const { original_size: original, target_size: target, crop } = body;
  if (original === undefined && target === undefined && crop === undefined) return {};
  return {
    sizeConditioning: {
      ...(original && { originalSize: { width: original[0]!, height: original[1]! } }),
      ...(target && { targetSize: { width: target[0]!, height: target[1]! } }),
      ...(crop && { crop: { left: crop[0]!, top: crop[1]! } }),
    },
  };
}
