import type { Unet } from '../networks/networks.ts';
import type { Size } from './canvas.ts';

/** Aesthetic scores the refiner is told for the positive and the negative prompt (diffusers' defaults). */
const aestheticScore = 6.0;
const negativeAestheticScore = 2.5;

/**
 * The size conditioning of SDXL (Podell et al. 2023, section 2.2): original size, crop corner, target size
 * for base checkpoints (6 ids); original size, crop corner, aesthetic score for the refiner (5 ids). Original
 * and target size are those of the picture the networks make, the crop is (0, 0): where it is cropped
 * afterwards (canvas.ts), the result is the middle of the picture of the larger size.
 */
export function timeIdsFor(
  unet: Unet,
  { height, width }: Size,
): { positive: readonly number[]; negative: readonly number[] } {
  if (unet.timeIdCount === 6) {
    const ids = [height, width, 0, 0, height, width];
    return { positive: ids, negative: ids };
  }
  if (unet.timeIdCount === 5) {
    return {
      positive: [height, width, 0, 0, aestheticScore],
      negative: [height, width, 0, 0, negativeAestheticScore],
    };
  }
  throw new Error(`a UNet with ${unet.timeIdCount} time ids is neither an SDXL base (6) nor a refiner (5)`);
}
