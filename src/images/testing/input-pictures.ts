import assert from 'node:assert/strict';
import sharp, { type Color, type Sharp } from 'sharp';
import { decodeInputImage, ImageInputError } from '../decode-input-image.ts';

/** A picture whose pixel (x, y) is (x, y, 128), so that moving or turning it shows. */
export function gradient(width: number, height: number): Sharp {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data.set([x, y, 128], (y * width + x) * 3);
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** A picture of one colour. */
export function plain(width: number, height: number, background: Color, channels: 3 | 4 = 3): Sharp {
  return sharp({ create: { width, height, channels, background } });
}

/** Most pixels that the pictures of these tests may have. */
export const options = { maxPixels: 1024 * 1024 };

/** The words with which a picture is refused. */
export async function refusal(bytes: Uint8Array): Promise<string> {
  const error = await decodeInputImage(bytes, options).then(
    () => assert.fail('was accepted'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ImageInputError, String(error));
  return error.message;
}
