import { encodePreview, NonFinitePixelsError } from '../../../src/images/encode-image.ts';
import type { VaeDecoder } from '../../../src/networks/networks.ts';
import { latentColours } from '../../../src/pipelines/previews/latent-colours.ts';
import { latentPreview } from '../../../src/pipelines/previews/preview.ts';
import type { LatentPicture } from '../../../src/pipelines/sampling/sampling.ts';

/** A small JPEG of a picture on its way, or undefined when it is too early for another one. */
export type Previewer = (clean: LatentPicture) => Promise<Uint8Array | undefined>;

/**
 * One preview of SDXL's 128 x 128 latents takes 1 to 2 ms, so that at this distance nobody needs to ask
 * whether anybody looks.
 */
const previewIntervalMs = 1000;

/**
 * The first preview comes `intervalMs` after the start of the request.
 * @param decoder of the pictures; what its latents look like is measured before the first preview where it is
 * not SDXL's.
 */
export function createPreviewer(decoder: VaeDecoder, intervalMs = previewIntervalMs): Previewer {
  let last = performance.now();
  return async (clean) => {
    const now = performance.now();
    if (now - last < intervalMs) return undefined;
    last = now;
    const preview = latentPreview(clean, await latentColours(decoder));
    try {
      return await encodePreview(preview.pixels, preview.width, preview.height);
    } catch (error) {
      // The step that follows finds out what is wrong and says so.
      if (error instanceof NonFinitePixelsError) return undefined;
      throw error;
    }
  };
}
