import type { FastifyRequest } from 'fastify';
import { ApiError } from '../../contract/errors.ts';
import type { RequestOverrides } from '../../contract/generation.ts';
import type { Size } from '../../contract/openai/translate.ts';
import { show } from '../../contract/show.ts';
import type { Fit } from '../../images/fit-image.ts';
import { toApiError } from '../http/errors.ts';
import { assertModestValue } from '../http/read-json.ts';
import { createFormFields } from './form-fields.ts';

const acceptedTypes = /^(?:application\/json|multipart\/form-data)\s*(?:;[^\t]*)?$/i;

/** @throws ApiError contentType (406) unless the body is declared as JSON or a form. */
export function assertContentType(request: FastifyRequest): void {
  if (!acceptedTypes.test(request.headers['content-type'] ?? '')) throw new ApiError('contentType');
}

/** A submitted body before validation; a form's `image` file part stands beside its fields. */
export interface RawBody {
  readonly fields: unknown;
  readonly file?: Buffer;
  /** Names of a form's parts that are files, or pictures in text, in order. */
  readonly fileNames?: readonly string[];
  /** The size that its picture is brought to, and how; as it came without one. */
  readonly size?: Size & { readonly fit: Fit };
  /** Fields that its client did not say itself: another protocol's defaults. */
  readonly implied?: readonly string[];
  /** What stands in place of parsed fields. */
  readonly overrides?: RequestOverrides;
  /** The served model whose address it was sent to. */
  readonly model?: string;
  /** What its sender should know of it already; see contract/answers/warnings.ts. */
  readonly warnings?: readonly string[];
}

/** OpenAI's clients send a list of pictures, even of one, as `image[]`. */
const pictureNames = ['image', 'image[]'];
/** As many as OpenAI's newest models take pictures, with a mask. */
const mostFiles = 17;
/** Of any other field: a prompt of 32,768 characters of four bytes. */
const longestField = 131_072;

/**
 * @param limit bytes for the whole body.
 * @throws ApiError malformedBody or tooLarge.
 */
export async function readBody(request: FastifyRequest, limit: number): Promise<RawBody> {
  if (!request.isMultipart()) {
    const fields = request.body;
    // A v1 request waits for minutes and has no further use for it.
    request.body = undefined;
    return { fields };
  }
  try {
    return await readForm(request, limit);
  } catch (error) {
    const known =
      (error as { code?: unknown }).code === 'FST_INVALID_JSON_FIELD_ERROR'
        ? new ApiError('malformedBody', 'A part of the form is declared as JSON and is not valid JSON', {
            cause: error,
          })
        : toApiError(error);
    throw known.code === 'internal'
      ? new ApiError('malformedBody', 'The request body is not a valid form', { cause: error })
      : known;
  }
}

async function readForm(request: FastifyRequest, limit: number): Promise<RawBody> {
  const fields = createFormFields();
  const pictures = new Map<string, unknown>();
  const fileNames: string[] = [];
  let file: Buffer | undefined;
  let left = limit;
  const count = (bytes: number): void => {
    left -= bytes;
    if (left < 0) throw new ApiError('tooLarge');
  };
  const limits = { fieldSize: limit, fileSize: limit, fields: 64, files: mostFiles, parts: 64 + mostFiles };
  for await (const part of request.parts({ limits })) {
    const { fieldname } = part;
    const isPicture = pictureNames.includes(fieldname);
    if (part.type === 'field') {
      assertModestValue(part.value);
      const { length } = String(part.value);
      if (part.valueTruncated || (length > longestField && !isPicture))
        throw new ApiError('tooLarge', `The form's field ${show(fieldname)} is too large`);
      // The form's parser puts this where bytes are not of the charset, and the prompt would be another.
      if (String(part.value).includes('\ufffd'))
        throw new ApiError('malformedBody', `The form's field ${show(fieldname)} is not UTF-8`);
      count(length);
      if (isPicture) fileNames.push(fieldname);
      if (isPicture) pictures.set(fieldname, part.value);
      else fields.add(fieldname, part.value);
      // The form's parser keeps its parts until the request has been answered.
      part.value = undefined;
      continue;
    }
    fileNames.push(fieldname);
    const chunks: Buffer[] = [];
    for await (const chunk of part.file as AsyncIterable<Buffer>) {
      count(chunk.length);
      if (isPicture) chunks.push(chunk);
    }
    if (isPicture) file = Buffer.concat(chunks);
  }
  const given = { ...fields.all(), ...Object.fromEntries(pictures) };
  return { fields: given, fileNames, ...(file && { file }) };
}
