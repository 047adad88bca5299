import type { Endpoint } from '../../../src/contract/endpoints.ts';
import type { GenerationRequest } from '../../../src/contract/generation.ts';
import { encodeImage } from '../../../src/images/encode-image.ts';
import { halved } from '../../../src/images/halve.ts';
import type { Picture } from '../../../src/pipelines/sampling/sampling.ts';

/** A finished picture as the file that its request asks for. */
export function encodePicture(
  { pixels, width, height }: Picture,
  { outputFormat, outputQuality, halved: isHalved = false }: GenerationRequest,
): Promise<Buffer> {
  if (!isHalved) return encodeImage(pixels, width, height, outputFormat, outputQuality);
  return encodeImage(halved(pixels, width, height), width / 2, height / 2, outputFormat, outputQuality);
}

/** What the client should know where the checkpoint cannot make a picture's size itself. */
export function croppingOf(endpoint: Endpoint, { width, height, canvas }: Picture, factor: number): string[] {
  if (width === canvas.width && height === canvas.height) return [];
  const field = endpoint === 'sdxl-torch' ? 'img_width, img_height' : 'image';
  return [
    `${field}: ${width}x${height} is a size made by cropping ${canvas.width}x${canvas.height}, ` +
      `because this checkpoint's sides are multiples of ${factor}`,
  ];
}
