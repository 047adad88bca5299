import { formatOf } from '../picture-format.ts';
import { readExifComment } from './exif-comment.ts';
import { readJpegExif } from './jpeg-segments.ts';
import { readPngTexts } from './png-text.ts';
import { readWebpExif } from './webp-chunks.ts';

export interface FoundParameters {
  /** How the picture was made, in its own words; '' where it says nothing. */
  readonly text: string;
  /** Its other texts by their names. */
  readonly items: Readonly<Record<string, string>>;
}

/**
 * What a picture says of how it was made, where A1111 looks for it (images.read_info_from_image): EXIF's
 * UserComment, else the text `parameters`. No pixel is decoded, and nothing damaged throws.
 * @returns undefined for what is no JPEG, PNG or WebP picture.
 */
export function readParameters(picture: Uint8Array): FoundParameters | undefined {
  const bytes = Buffer.from(picture.buffer, picture.byteOffset, picture.byteLength);
  switch (formatOf(bytes)) {
    case 'PNG': {
      const { parameters = '', ...items } = readPngTexts(bytes);
      return { text: parameters, items };
    }
    case 'JPEG':
      return fromComment(readJpegExif(bytes));
    case 'WebP':
      return fromComment(readWebpExif(bytes));
    default:
      return undefined;
  }
}

function fromComment(exif: Buffer | undefined): FoundParameters {
  const comment = exif && readExifComment(exif);
  return comment ? { text: comment, items: { 'exif comment': comment } } : { text: '', items: {} };
}
