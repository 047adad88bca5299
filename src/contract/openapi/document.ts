import { z } from 'zod';
import { a1111Bodies } from '../a1111/bodies.ts';
import { adminBodies } from '../answers/admin.ts';
import { openAiBodies } from '../openai/bodies.ts';
import { servedModelBody, slugNames, slugs } from '../slugs.ts';
import { a1111Operations } from './a1111-operations.ts';
import { adminOperations } from './admin-operations.ts';
import { batchOperations } from './batch-operations.ts';
import { wrongVerb } from './error-responses.ts';
import { generationOperations, servedModelOperations } from './generation-operations.ts';
import { openAiOperations } from './openai-operations.ts';
import type { Json, JsonObject, Operation } from './operation.ts';
import { pageOperations } from './page-operations.ts';
import { requestOperations } from './request-operations.ts';
import { responseSchemas } from './response-schemas.ts';
import { serviceOperations } from './service-operations.ts';

const description = `Text to image and image to image with SDXL.

Numbers and booleans may come as text, \`null\` counts as absent and unknown fields are ignored. Every address answers a wrong
verb with 405 and an HTML page (those of the OpenAI Images API and of AUTOMATIC1111: in JSON).`;

/**
 * The OpenAPI 3.1 document of the whole service, generated from the schemas that requests are checked with.
 */
export function openApiDocument(version: string): JsonObject {
  const paths: Record<string, Record<string, Json>> = {};
  for (const operation of [
    ...generationOperations,
    ...requestOperations,
    ...batchOperations,
    ...openAiOperations,
    ...a1111Operations,
    ...serviceOperations,
    ...pageOperations,
    ...adminOperations,
    // Behind the addresses of their own that their template fits too.
    ...servedModelOperations,
  ]) {
    paths[operation.path] ??= {};
    paths[operation.path]![operation.method] = describe(operation);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'sdxl-server',
      version,
      description,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    // Relative to this document's own address, which may be below a path of a proxy.
    servers: [{ url: './' }],
    paths,
    components: {
      schemas: schemas(),
      securitySchemes: {
        apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
        bearer: { type: 'http', scheme: 'bearer' },
        basic: { type: 'http', scheme: 'basic' },
      },
      responses: { WrongVerb: { ...wrongVerb } as JsonObject },
    },
  };
}

function describe({
  tag,
  summary,
  description,
  keys,
  parameters,
  body,
  responses,
  method,
  path,
}: Operation): Json {
  return {
    operationId: `${method}${path.replace(/\{(\w+)\}/g, '$1').replace(/\W+/g, '_')}`,
    tags: [tag],
    summary,
    ...(description && { description }),
    security: keys.map((name) => ({ [name]: [] })),
    ...(parameters && { parameters }),
    ...(body && { requestBody: { required: true, content: body } }),
    responses: { ...(responses as unknown as JsonObject), 405: { $ref: '#/components/responses/WrongVerb' } },
  };
}

function schemas(): JsonObject {
  const input = {
    ...Object.fromEntries(slugNames.map((name) => [name, slugs[name].body])),
    ServedModel: servedModelBody,
    OpenAiGeneration: openAiBodies.generations,
    OpenAiEdit: openAiBodies.edits,
    OpenAiVariation: openAiBodies.variations,
    A1111Txt2Img: a1111Bodies.txt2img,
    A1111Img2Img: a1111Bodies.img2img,
    A1111PngInfoRequest: a1111Bodies.pngInfo,
    A1111SetOptions: a1111Bodies.options,
    AdminCreateKey: adminBodies.createKey,
    AdminChangeKey: adminBodies.changeKey,
    AdminAddCredits: adminBodies.addCredits,
  };
  return {
    ...Object.fromEntries(Object.entries(input).map(([name, schema]) => [name, jsonSchema(schema, 'input')])),
    ...Object.fromEntries(
      Object.entries(responseSchemas).map(([name, schema]) => [name, jsonSchema(schema, 'output')]),
    ),
  };
}

function jsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const { $schema: _, ...generated } = z.toJSONSchema(schema, { io });
  return generated as JsonObject;
}
