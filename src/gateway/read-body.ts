import type { FastifyRequest } from 'fastify';
import { ApiError } from '../contract/errors.ts';
import { toApiError } from './errors.ts';

const acceptedTypes = /^(?:application\/json|multipart\/form-data)\s*(?:;[^\t]*)?$/i;

/** @throws ApiError contentType (406) unless the body is declared as JSON or a form. */
export function assertContentType(request: FastifyRequest): void {
  if (!acceptedTypes.test(request.headers['content-type'] ?? '')) throw new ApiError('contentType');
}

/** A submitted body before validation; a form's `image` file part stands beside its fields. */
export interface RawBody {
  readonly fields: unknown;
  readonly file?: Buffer;
}

/**
 * @param limit bytes for one form field or file.
 * @throws ApiError malformedBody or tooLarge.
 */
export async function readBody(request: FastifyRequest, limit: number): Promise<RawBody> {
  if (!request.isMultipart()) return { fields: request.body };
  const fields: Record<string, unknown> = {};
  let file: Buffer | undefined;
  try {
    const limits = { fieldSize: limit, fileSize: limit, fields: 64, files: 4, parts: 68 };
    for await (const part of request.parts({ limits })) {
      if (part.type === 'field') fields[part.fieldname] = part.value;
      else if (part.fieldname === 'image') file = await part.toBuffer();
      else part.file.resume();
    }
  } catch (error) {
    const known = toApiError(error);
    throw known.code === 'internal'
      ? new ApiError('malformedBody', 'The request body is not a valid form', { cause: error })
      : known;
  }
  return file ? { fields, file } : { fields };
}
