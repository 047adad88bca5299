import type { Unet } from '../../networks/networks.ts';
import type { Size } from '../canvas.ts';

/** Aesthetic scores the refiner is told for the positive and the negative prompt (diffusers' defaults). */
const aestheticScore = 6.0;
const negativeAestheticScore = 2.5;

/** Sizes that a network is told in place of those of its picture. */
export interface ToldSizes {
  readonly originalSize?: Size;
  readonly targetSize?: Size;
  readonly crop?: { readonly left: number; readonly top: number };
}

/**
 * The size conditioning of SDXL (Podell et al. 2023, section 2.2): original size, crop corner, target size
 * for base checkpoints (6 ids); original size, crop corner, aesthetic score for the refiner (5 ids). Unless
 * told, original and target size are those of the picture the networks make and the crop is (0, 0): where it
 * is cropped afterwards (canvas.ts), the result is the middle of the picture of the larger size.
 */
export function timeIdsFor(
  unet: Unet,
  { height, width }: Size,
  told: ToldSizes = {},
): { positive: readonly number[]; negative: readonly number[] } {
  const { originalSize: original = { height, width }, targetSize: target = { height, width } } = told;
  const { left, top } = told.crop ?? { left: 0, top: 0 };
  const source = [original.height, original.width, top, left];
  if (unet.timeIdCount === 6) {
    const ids = [...source, target.height, target.width];
    return { positive: ids, negative: ids };
  }
  if (unet.timeIdCount === 5) {
    return {
      positive: [...source, aestheticScore],
      negative: [...source, negativeAestheticScore],
    };
  }
  throw new Error(`a UNet with ${unet.timeIdCount} time ids is neither an SDXL base (6) nor a refiner (5)`);
}
