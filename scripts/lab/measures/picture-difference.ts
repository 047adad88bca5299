import { ssim } from '@blazediff/ssim';
import { interleavedBytes } from '../../../src/images/encode-image.ts';
import { restrictedSharp } from '../../../src/images/restricted-sharp.ts';

/** A picture as bytes of red, green, blue and opacity. */
export interface RgbaPicture {
  readonly bytes: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/**
 * 1 - SSIM (Wang et al. 2004) of two pictures of one size, scaled down as that paper's reference code does so
 * that the shorter side is about 256: 0 for equal pictures, about 1 for unrelated ones.
 */
export function pictureDifference(a: RgbaPicture, b: RgbaPicture): number {
  if (a.width !== b.width || a.height !== b.height)
    throw new RangeError(
      `cannot compare a picture of ${a.width}x${a.height} with one of ${b.width}x${b.height}`,
    );
  return 1 - ssim(a.bytes, b.bytes, undefined, a.width, a.height);
}

/** Pixels [3, height, width] around -1 ... 1, as they would be in a file. @throws NonFinitePixelsError */
export function rgbaOf(pixels: Float32Array, width: number, height: number): RgbaPicture {
  const rgb = interleavedBytes(pixels, width, height);
  const bytes = new Uint8Array(4 * width * height).fill(255);
  for (let position = 0; position < width * height; position++)
    for (let channel = 0; channel < 3; channel++)
      bytes[4 * position + channel] = rgb[3 * position + channel]!;
  return { bytes, width, height };
}

export async function decodeRgba(file: Uint8Array): Promise<RgbaPicture> {
  const { data, info } = await restrictedSharp(file, { failOn: 'error' })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { bytes: data, width: info.width, height: info.height };
}

/** Sides of the pictures that are kept: enough for the page's zoom. */
const keptSide = 512;

/** The WebP that the page's pictures are made of. */
export function keptPicture({ bytes, width, height }: RgbaPicture): Promise<Buffer> {
  return restrictedSharp(bytes, { raw: { width, height, channels: 4 } })
    .removeAlpha()
    .resize({ width: keptSide, height: keptSide, fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 95 })
    .toBuffer();
}
