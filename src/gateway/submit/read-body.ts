import type { FastifyRequest } from 'fastify';
import { ApiError } from '../../contract/errors.ts';
import { show } from '../../contract/show.ts';
import { toApiError } from '../http/errors.ts';

const acceptedTypes = /^(?:application\/json|multipart\/form-data)\s*(?:;[^\t]*)?$/i;

/** @throws ApiError contentType (406) unless the body is declared as JSON or a form. */
export function assertContentType(request: FastifyRequest): void {
  if (!acceptedTypes.test(request.headers['content-type'] ?? '')) throw new ApiError('contentType');
}

/** A submitted body before validation; a form's `image` file part stands beside its fields. */
export interface RawBody {
  readonly fields: unknown;
  readonly file?: Buffer;
  /** Names of all file parts of a form, in order. */
  readonly fileNames?: readonly string[];
  /** What its sender should know of it already; see contract/warnings.ts. */
  readonly warnings?: readonly string[];
}

/** OpenAI's clients send a list of pictures, even of one, as `image[]`. */
const pictureNames = ['image', 'image[]'];

/**
 * @param limit bytes for one form field or file.
 * @throws ApiError malformedBody or tooLarge.
 */
export async function readBody(request: FastifyRequest, limit: number): Promise<RawBody> {
  if (!request.isMultipart()) return { fields: request.body };
  const fields: Record<string, unknown> = {};
  const fileNames: string[] = [];
  let file: Buffer | undefined;
  try {
    const limits = { fieldSize: limit, fileSize: limit, fields: 64, files: 4, parts: 68 };
    for await (const part of request.parts({ limits })) {
      if (part.type === 'field') {
        if (part.valueTruncated)
          throw new ApiError('tooLarge', `The form's field ${show(part.fieldname)} is too large`);
        fields[part.fieldname] = part.value;
        continue;
      }
      fileNames.push(part.fieldname);
      if (pictureNames.includes(part.fieldname)) file = await part.toBuffer();
      else part.file.resume();
    }
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
  return { fields, fileNames, ...(file && { file }) };
}
