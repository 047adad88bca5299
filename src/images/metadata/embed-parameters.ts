import type { OutputFormat } from '../output-formats.ts';
import { exifWithComment, longestJpegComment } from './exif-comment.ts';
import { withJpegSegments } from './jpeg-segments.ts';
import { withPngTexts } from './png-text.ts';
import { withWebpChunks } from './webp-chunks.ts';
import { xmpPacket } from './xmp.ts';

/** What a picture says of itself. */
export interface PictureParameters {
  /** How it was made, as A1111 writes it. */
  readonly text: string;
  /** What made it, with its version. */
  readonly software: string;
  /** In pixels. */
  readonly width: number;
  readonly height: number;
}

export interface EmbeddedPicture {
  readonly bytes: Buffer;
  /** Whether the text found room; XMP always does. */
  readonly isWhole: boolean;
}

/**
 * The same picture with its parameters where A1111 writes them: the text `parameters` of a PNG, EXIF's
 * UserComment of a JPEG or WebP (modules/images.py, commit 00952fb); and XMP that names the software and
 * IPTC's kind of source. No pixel is touched.
 */
export function embedParameters(
  bytes: Uint8Array,
  format: OutputFormat,
  { text, software, width, height }: PictureParameters,
): EmbeddedPicture {
  const xmp = xmpPacket(software);
  // NUL ends texts in these formats.
  const plain = text.toWellFormed().replaceAll('\0', '');
  switch (format) {
    case 'png':
      return { bytes: withPngTexts(bytes, { parameters: plain }, xmp), isWhole: true };
    case 'webp':
      return { bytes: withWebpChunks(bytes, { width, height }, exifWithComment(plain), xmp), isWhole: true };
    case 'jpeg': {
      const isWhole = plain.length <= longestJpegComment;
      const exif = isWhole ? exifWithComment(plain) : undefined;
      return { bytes: withJpegSegments(bytes, exif, xmp), isWhole };
    }
  }
}
