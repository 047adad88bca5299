import type { Metadata } from 'sharp';
import { decodingNeeds, mostJpegPixels } from './decoding-memory.ts';
import { formatOf, takenFormats } from './picture-format.ts';
import { restrictedSharp } from './restricted-sharp.ts';

/** A picture that cannot be used; the message says why and is fit for the client. */
export class ImageInputError extends Error {
  override name = 'ImageInputError';
}

/** A decoded picture, ready for the VAE: sRGB, 8 bits, no alpha, upright, sides a multiple of 8. */
export interface InputImage {
  readonly png: Buffer;
  readonly width: number;
  readonly height: number;
}

/**
 * SDXL's VAE's image side over latent side, and what the reference pipelines floor sizes to.
 */
const sideMultiple = 8;
const minimumSide = 64;
/** What decoding may take is bounded by its memory; this is for a machine that has other things to do. */
const timeoutSeconds = 30;

export interface DecodeOptions {
  readonly maxPixels: number;
  /** Runs the decoding where that many bytes of memory may be taken; by default at once. */
  readonly admit?: <Result>(bytes: number, decode: () => Promise<Result>) => Promise<Result>;
}

/** Decoding has not ended in time although its work is bounded: the machine is busy. */
export class DecodingTimeout extends Error {
  override name = 'DecodingTimeout';
}

/**
 * Decodes an untrusted JPEG, PNG or WebP (of an animation the first frame): EXIF orientation applied, colour
 * profile or CMYK converted to sRGB, alpha flattened on white. Scaled down (Lanczos) only if it has more than
 * `maxPixels`, then to sides floored to multiples of 8; otherwise the output has the input's own size.
 * @throws ImageInputError saying what is wrong with the picture; DecodingTimeout.
 */
export async function decodeInputImage(
  bytes: Uint8Array,
  { maxPixels, admit = (_, decode) => decode() }: DecodeOptions,
): Promise<InputImage> {
  if (bytes.length === 0) throw new ImageInputError('the image is empty');
  const format = formatOf(bytes);
  if (format !== 'JPEG' && format !== 'PNG' && format !== 'WebP')
    throw new ImageInputError(`the image must be ${takenFormats}${format ? `, got ${format}` : ''}`);
  const open = () =>
    restrictedSharp(bytes, {
      failOn: 'error',
      limitInputPixels: mostJpegPixels,
      pages: 1,
      ignoreIcc: false,
    });
  const metadata = await explained(open().metadata());
  const { width, height } = outputSize(uprightSize(metadata), maxPixels);
  const needs = decodingNeeds(bytes, metadata);
  if ('refusal' in needs) throw new ImageInputError(needs.refusal);
  const png = await admit(needs.bytes, () =>
    explained(
      open()
        .timeout({ seconds: timeoutSeconds })
        .autoOrient()
        .flatten({ background: '#ffffff' })
        // A JPEG is shrunk on reading to twice the size at least, the rest is Lanczos; a WebP, which would be
        // read whole otherwise, to the size itself.
        .resize({ width, height, fit: 'fill', kernel: 'lanczos3', fastShrinkOnLoad: format === 'WebP' })
        .toColourspace('srgb')
        .png({ compressionLevel: 3, palette: false })
        .toBuffer(),
    ),
  );
  return { png, width, height };
}

/** Width and height as seen, after EXIF orientation (5 to 8 lie on their side). */
function uprightSize({ width, height, orientation }: Metadata): { width: number; height: number } {
  return (orientation ?? 1) >= 5 ? { width: height, height: width } : { width, height };
}

function outputSize(
  { width, height }: { width: number; height: number },
  maxPixels: number,
): { width: number; height: number } {
  const scale = Math.min(1, Math.sqrt(maxPixels / (width * height)));
  const floored = (side: number) => Math.floor((side * scale) / sideMultiple) * sideMultiple;
  const size = { width: floored(width), height: floored(height) };
  if (Math.min(size.width, size.height) < minimumSide)
    throw new ImageInputError(
      `the image is ${width}x${height}${scale < 1 ? `, ${size.width}x${size.height} at the allowed ${maxPixels} pixels` : ''}; ` +
        `each side must have at least ${minimumSide} pixels`,
    );
  return size;
}

async function explained<Value>(decoding: Promise<Value>): Promise<Value> {
  try {
    return await decoding;
  } catch (cause) {
    const [reason = ''] = (cause as Error).message.split('\n');
    if (/pixel limit/.test(reason))
      throw new ImageInputError(`the image has more than ${mostJpegPixels} pixels`, { cause });
    if (/timeout/.test(reason))
      throw new DecodingTimeout(`the image was not decoded within ${timeoutSeconds} s`, { cause });
    throw new ImageInputError('the image is damaged or truncated and cannot be decoded', { cause });
  }
}
