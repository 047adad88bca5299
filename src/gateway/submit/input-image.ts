import type { FastifyRequest } from 'fastify';
import { ApiError } from '../../contract/errors.ts';
import { show } from '../../contract/show.ts';
import {
  DecodingTimeout,
  decodeInputImage,
  ImageInputError,
  type InputImage,
} from '../../images/decode-input-image.ts';
import { mostDecodingBytes } from '../../images/decoding-memory.ts';
import type { Gateway } from '../gateway.ts';
import { createMemoryPool } from '../http/memory-pool.ts';

const dataUri = /^data:([^,]*),/i;
const base64 = /^[A-Za-z0-9+/_-]*={0,2}$/;

/**
 * Who asks, how room is asked for beside that of its body (see http/body-gate.ts), and a signal that aborts
 * when the client is gone.
 */
export interface Asking extends Pick<FastifyRequest, 'owner' | 'takeRoom'> {
  readonly gone: AbortSignal;
}

export interface InputImages {
  /**
   * The input picture of a request, from any of the forms clients send it in, decoded and normalised to PNG.
   * @throws ApiError invalidParameter naming the image and what was wrong with it; unavailable where the
   * server is too busy to look.
   */
  read(source: string | Uint8Array, asking: Asking): Promise<InputImage>;
}

const busy = 'The server is too busy to decode the image now; try again later';
/**
 * Two took 200 MB more from the process than they were let in for, and the thread's processor from everybody.
 */
const decodedAtOnce = 1;
/** Addresses fetched at once. A slow one holds its place for as long as a fetch may take. */
const fetchedAtOnce = 32;

export function createInputImages({ fetchImage, settings }: Gateway): InputImages {
  const decoding = createMemoryPool({
    ...{ bytes: mostDecodingBytes, waitMs: settings.bodyWaitMs, mostWaiting: 256, busy },
  });
  const fetching = createMemoryPool({
    ...{ bytes: fetchedAtOnce, waitMs: settings.bodyWaitMs, mostWaiting: 256 },
    busy: 'The server fetches too many images now; try again later',
  });
  const admitFor =
    (owner: string) =>
    async <Result>(bytes: number, decode: () => Promise<Result>): Promise<Result> => {
      const give = await decoding.take(Math.max(bytes, mostDecodingBytes / decodedAtOnce), owner);
      try {
        return await decode();
      } finally {
        give();
      }
    };
  const fetched = async (address: string, { owner, takeRoom, gone }: Asking): Promise<Buffer> => {
    const give = await fetching.take(1, owner);
    try {
      return await fetchImage.fetch(address, takeRoom, gone);
    } finally {
      give();
    }
  };
  return {
    read: async (source, asking) => {
      const text = typeof source === 'string' ? source.trim() : undefined;
      const isAddress = text !== undefined && /^https?:/i.test(text);
      const bytes = isAddress
        ? await fetched(text, asking)
        : text === undefined
          ? (source as Uint8Array)
          : bytesOf(text);
      try {
        return await decodeInputImage(bytes, {
          ...{ maxPixels: settings.img2imgMaxPixels, admit: admitFor(asking.owner) },
        });
      } catch (error) {
        if (error instanceof DecodingTimeout) throw new ApiError('unavailable', busy, { cause: error });
        if (!(error instanceof ImageInputError)) throw error;
        throw new ApiError('invalidParameter', `image: ${error.message}`, { cause: error });
      }
    },
  };
}

function bytesOf(text: string): Uint8Array {
  const header = dataUri.exec(text);
  if (header && !/;\s*base64$/i.test(header[1]!))
    throw new ApiError('invalidParameter', `image must be a base64 data URI, got ${show(text)}`);
  const encoded = header ? text.slice(header[0].length) : text;
  const plain = /\s/.test(encoded) ? encoded.replace(/\s+/g, '') : encoded;
  if (!base64.test(plain))
    throw new ApiError(
      'invalidParameter',
      `image must be an https URL, a data URI or base64, got ${show(text)}`,
    );
  // Node reads the URL-safe alphabet as base64 too.
  return Buffer.from(plain, 'base64');
}
