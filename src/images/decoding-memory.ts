import type { Metadata } from 'sharp';
import { keptCoefficientBytes } from './jpeg-frame.ts';

/**
 * Decoding runs row by row wherever the format allows it, and JPEG and WebP are shrunk while they are read,
 * so that a photo's memory does not grow with its size. What a format must keep whole is reckoned from the
 * header, before anything is decoded, and bounded.
 */

/** The largest JPEG, 16383 x 16383: those of today's phones have up to 200 million pixels. */
export const mostJpegPixels = 268_402_689;
/** The largest PNG or WebP, 8192 x 8192: nothing of a PNG is skipped on reading. */
const mostOtherPixels = 67_108_864;
/**
 * Beyond this many pixels, 4096 x 4096, a PNG or WebP that has less than a byte for 64 of them is no photo.
 */
const plainPixels = 16_777_216;
const pixelsPerByte = 64;

/**
 * Bytes that the decoding of one picture may take, beside its file: a progressive JPEG of 108 megapixels, its
 * colours at half the size as cameras store them, takes 341 MiB.
 */
export const mostDecodingBytes = 352 * 2 ** 20;
/**
 * Rows on their way, the scaled picture and its PNG; measured 18 to 57 MiB for photos of 24 to 200
 * megapixels.
 */
const workingBytes = 32 * 2 ** 20;

/** What a picture's decoding takes in bytes, or why it is not begun. */
export function decodingNeeds(
  bytes: Uint8Array,
  metadata: Metadata,
): { readonly bytes: number } | { readonly refusal: string } {
  const { format, width, height } = metadata;
  const size = `the image is ${width}x${height}`;
  const pixels = width * height;
  const isHollow = pixels > plainPixels && pixels > bytes.length * pixelsPerByte;
  const most = format === 'jpeg' ? mostJpegPixels : isHollow ? plainPixels : mostOtherPixels;
  if (pixels > most) return { refusal: `the image has more than ${most} pixels` };
  const kept = keptBytes(bytes, metadata);
  if (kept + workingBytes <= mostDecodingBytes) return { bytes: kept + workingBytes };
  const why = format === 'png' ? 'interlaced' : format === 'jpeg' ? 'progressive' : 'lossless';
  const taken = `${Math.ceil(kept / 2 ** 20)} MiB`;
  return { refusal: `${size} and ${why}: it takes ${taken} to decode; save it as a plain JPEG or smaller` };
}

function keptBytes(bytes: Uint8Array, { format, width, height, ...metadata }: Metadata): number {
  if (format === 'jpeg') return keptCoefficientBytes(bytes);
  if (format === 'webp') return isLosslessWebp(bytes) ? width * height * 4 : 0;
  if (!metadata.isProgressive) return 0;
  return width * height * metadata.channels * (metadata.depth === 'ushort' ? 2 : 1);
}

/** Chunks of a WebP file (RFC 9649, section 2.3); a lossless frame is a chunk VP8L. */
function isLosslessWebp(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 65_536)).includes('VP8L');
}
