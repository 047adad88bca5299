import { interleavedBytes } from './encode-image.ts';
import { restrictedSharp } from './restricted-sharp.ts';

/**
 * Side, mean and standard deviation of OpenAI's CLIP image preprocessing (preprocessor_config.json of
 * clip-vit-large-patch14).
 */
export const clipSide = 224;
const mean = [0.48145466, 0.4578275, 0.40821073] as const;
const deviation = [0.26862954, 0.26130258, 0.27577711] as const;

/**
 * A picture as CLIP's image encoder takes it: the shorter side scaled to 224 (bicubic), the middle cut out,
 * channels normalised.
 * @param pixels [3, height, width] around -1 ... 1.
 * @returns [3, 224, 224]
 */
export async function clipPixels(pixels: Float32Array, width: number, height: number): Promise<Float32Array> {
  const bytes = await restrictedSharp(interleavedBytes(pixels, width, height), {
    raw: { width, height, channels: 3 },
  })
    .resize({ width: clipSide, height: clipSide, fit: 'cover', position: 'centre', kernel: 'cubic' })
    .raw()
    .toBuffer();
  const area = clipSide * clipSide;
  const values = new Float32Array(3 * area);
  for (let channel = 0; channel < 3; channel++)
    for (let position = 0; position < area; position++)
      values[channel * area + position] =
        (bytes[position * 3 + channel]! / 255 - mean[channel]!) / deviation[channel]!;
  return values;
}
