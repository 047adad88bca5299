import { ApiError } from '../../contract/errors.ts';
import { show } from '../../contract/show.ts';
import { DecodingTimeout, decodeInputImage, ImageInputError } from '../../images/decode-input-image.ts';
import type { Gateway } from '../gateway.ts';

const dataUri = /^data:([^,]*),/i;
const base64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/**
 * The input picture of a request, from any of the forms clients send it in, decoded and normalised to PNG.
 * @throws ApiError invalidParameter naming the image and what was wrong with it.
 */
export async function inputImage(gateway: Gateway, source: string | Uint8Array): Promise<Uint8Array> {
  const bytes = typeof source === 'string' ? await bytesOf(gateway, source.trim()) : source;
  try {
    const { png } = await decodeInputImage(bytes, { maxPixels: gateway.settings.img2imgMaxPixels });
    return png;
  } catch (error) {
    if (error instanceof DecodingTimeout)
      throw new ApiError('unavailable', 'The server is too busy to decode the image now; try again later', {
        cause: error,
      });
    if (!(error instanceof ImageInputError)) throw error;
    throw new ApiError('invalidParameter', `image: ${error.message}`, { cause: error });
  }
}

async function bytesOf({ fetchImage }: Gateway, text: string): Promise<Uint8Array> {
  if (/^https?:/i.test(text)) return fetchImage.fetch(text);
  const header = dataUri.exec(text);
  if (header && !/;\s*base64$/i.test(header[1]!))
    throw new ApiError('invalidParameter', `image must be a base64 data URI, got ${show(text)}`);
  const encoded = (header ? text.slice(header[0].length) : text).replace(/\s+/g, '');
  if (!base64.test(encoded))
    throw new ApiError(
      'invalidParameter',
      `image must be an https URL, a data URI or base64, got ${show(text)}`,
    );
  // Node reads the URL-safe alphabet as base64 too.
  return Buffer.from(encoded, 'base64');
}
