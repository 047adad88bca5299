import { decodePng } from '../../../src/images/decode-png.ts';
import type { RgbPicture } from './detect-things.ts';

/** A PNG as bytes of red, green and blue. */
export async function readPicture(png: Uint8Array): Promise<RgbPicture> {
  const { pixels, width, height } = await decodePng(png);
  const area = width * height;
  const rgb = new Uint8Array(3 * area);
  for (let position = 0; position < area; position++) {
    for (let channel = 0; channel < 3; channel++) {
      rgb[position * 3 + channel] = Math.round((pixels[channel * area + position]! + 1) * 127.5);
    }
  }
  return { rgb, width, height };
}
