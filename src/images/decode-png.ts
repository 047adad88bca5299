import { restrictedSharp } from './restricted-sharp.ts';

/** Pixels [3, height, width], red first, in -1 ... 1. */
export interface Pixels {
  readonly pixels: Float32Array;
  readonly width: number;
  readonly height: number;
}

/**
 * Reads a PNG written by decodeInputImage: x / 255 * 2 - 1, channel by channel.
 * @throws Error if it is no 8-bit RGB picture, which that function always writes.
 */
export async function decodePng(png: Uint8Array): Promise<Pixels> {
  const { data, info } = await restrictedSharp(png, { failOn: 'error' })
    .raw()
    .toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  if (channels !== 3) throw new Error(`the stored input picture has ${channels} channels instead of 3`);
  const area = width * height;
  const pixels = new Float32Array(3 * area);
  for (let position = 0; position < area; position++)
    for (let channel = 0; channel < 3; channel++)
      pixels[channel * area + position] = (data[position * 3 + channel]! / 255) * 2 - 1;
  return { pixels, width, height };
}
