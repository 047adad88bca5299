import { createHash } from 'node:crypto';
import { openApiDocument } from '../../contract/openapi/document.ts';

/** Schemas that the client has no calls for: other protocols, and what administrators do. */
const others = /^(?:Admin|OpenAi(?!Models?$)|A1111)/;

interface Document {
  readonly openapi: string;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/**
 * The part of the OpenAPI document that the client's types are made of, without its prose, and its digest.
 */
export function documentedSchemas(): { readonly document: string; readonly digest: string } {
  const { openapi, components } = openApiDocument('0') as unknown as Document;
  const schemas = Object.fromEntries(
    Object.entries(components.schemas).filter(([name]) => !others.test(name)),
  );
  const info = { title: 'sdxl-server', version: '0' };
  const document = JSON.stringify(
    { openapi, info, paths: {}, components: { schemas } },
    (name, value: unknown) =>
      (name === 'description' && typeof value === 'string') || (name === 'examples' && Array.isArray(value))
        ? undefined
        : value,
  );
  return { document, digest: createHash('sha256').update(document).digest('hex') };
}
