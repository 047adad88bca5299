import type { Sharp } from 'sharp';
import { fillPictureBytes } from '../numerics/picture-kernel.ts';
import type { OutputFormat } from './output-formats.ts';
import { restrictedSharp } from './restricted-sharp.ts';

/** The network's output is not a picture: NaN or infinity among its pixels. */
export class NonFinitePixelsError extends Error {
  override name = 'NonFinitePixelsError';
}

/**
 * Encodes pixels [3, height, width] around -1 ... 1: (x / 2 + 0.5) clamped to 0 ... 1, times 255, rounded
 * half to even as the reference pipelines do.
 * @param quality of JPEG (without chroma subsampling) and WebP, 1 ... 100.
 * @throws NonFinitePixelsError naming the first such pixel; a black picture is never made of it.
 */
export async function encodeImage(
  pixels: Float32Array,
  width: number,
  height: number,
  format: OutputFormat,
  quality = 95,
): Promise<Buffer> {
  const image = restrictedSharp(interleavedBytes(pixels, width, height), {
    raw: { width, height, channels: 3 },
  });
  return await encoded(image, format, quality);
}

/** The same picture in another format. @param jpeg of ours, not a client's. */
export async function convertPreview(jpeg: Uint8Array, format: OutputFormat): Promise<Buffer> {
  return format === 'jpeg' ? Buffer.from(jpeg) : await encoded(restrictedSharp(jpeg), format, 95);
}

function encoded(image: Sharp, format: OutputFormat, quality: number): Promise<Buffer> {
  switch (format) {
    case 'jpeg':
      // Tables made for the picture save 7 % of its bytes for two to four times the time.
      return image.jpeg({ quality, chromaSubsampling: '4:4:4', optimiseCoding: false }).toBuffer();
    case 'png':
      return image.png({ palette: false }).toBuffer();
    case 'webp':
      return image.webp({ quality }).toBuffer();
  }
}

/**
 * Bytes [height, width, 3] of pixels [3, height, width]; the arithmetic is in float32, as in the reference.
 */
export function interleavedBytes(pixels: Float32Array, width: number, height: number): Uint8Array {
  const area = width * height;
  if (pixels.length !== 3 * area)
    throw new RangeError(`${pixels.length} pixel values cannot be a picture of ${width}x${height}x3`);
  const bytes = new Uint8Array(3 * area);
  if (!fillPictureBytes(bytes, pixels)) throw nonFinite(pixels, width, area);
  return bytes;
}

function nonFinite(pixels: Float32Array, width: number, area: number): NonFinitePixelsError {
  const index = pixels.findIndex((value) => !Number.isFinite(value));
  const [channel, position] = [Math.floor(index / area), index % area];
  return new NonFinitePixelsError(
    `the decoded picture holds ${pixels[index]} at channel ${channel}, x ${position % width}, y ${Math.floor(position / width)}`,
  );
}

/**
 * Encodes pixels [3, height, width] around -1 ... 1 as a small JPEG (quality 70): a glimpse on the way, not a
 * result.
 */
export async function encodePreview(pixels: Float32Array, width: number, height: number): Promise<Buffer> {
  return restrictedSharp(interleavedBytes(pixels, width, height), { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 70 })
    .toBuffer();
}
