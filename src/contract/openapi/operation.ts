import type { ResponseSchemaName } from './response-schemas.ts';

/** The parts of an OpenAPI 3.1 document in use here. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };
export type JsonObject = { readonly [name: string]: Json };

export interface Content {
  readonly [mediaType: string]: JsonObject;
}

export interface ResponseObject {
  readonly description: string;
  readonly headers?: JsonObject;
  readonly content?: Content;
}

export interface Operation {
  readonly method: 'get' | 'post' | 'patch' | 'delete';
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Which headers may carry the API key; none where no key is asked for. */
  readonly keys: readonly ('apiKey' | 'bearer' | 'basic')[];
  readonly parameters?: readonly JsonObject[];
  readonly body?: Content;
  readonly responses: Readonly<Record<string, ResponseObject>>;
}

export function reference(name: string): JsonObject {
  return { $ref: `#/components/schemas/${name}` };
}

/** A JSON answer with an example. */
export function jsonResponse(
  description: string,
  schema: ResponseSchemaName,
  example: JsonObject,
  headers?: JsonObject,
): ResponseObject {
  return {
    description,
    ...(headers && { headers }),
    content: { 'application/json': { schema: reference(schema), example } },
  };
}
