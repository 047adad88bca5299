import type { SlugName } from '../slugs.ts';
import { slugNames, slugs } from '../slugs.ts';
import { errorResponses } from './error-responses.ts';
import { exampleId, examples } from './examples.ts';
import {
  type Content,
  type JsonObject,
  jsonResponse,
  type Operation,
  type ResponseObject,
  reference,
} from './operation.ts';

/** The submits of every slug, under each of its addresses. */

const text = { schema: { type: 'string' } };
const syncHeaders: JsonObject = {
  'x-request-id': { description: 'Id of the request, a UUID', ...text },
  'x-cost': { description: 'Credits', ...text },
  'x-credits-consumed': { description: 'As x-cost', ...text },
  'x-remaining-credits': { description: 'Balance of the key; 999999 where it has no limit', ...text },
  'x-generation-time': { description: 'Seconds', ...text },
  'x-seed-value': { description: 'Seed of the first picture', ...text },
  'x-rate-limit-reset-at-utc': { description: 'When submits are counted anew', ...text },
  'x-warnings': {
    description:
      'Extension: what `warnings` says in JSON answers, as a JSON array in ASCII; absent without any',
    ...text,
  },
};
const pictureContent: Content = Object.fromEntries(
  ['image/jpeg', 'image/png', 'image/webp'].map((type) => [
    type,
    { schema: { type: 'string', contentMediaType: type } },
  ]),
);

function bodyOf(slug: SlugName): Content {
  const { endpoint } = slugs[slug];
  return content(reference(slug), endpoint === 'sdxl-img2img', examples[endpoint]);
}

function content(schema: JsonObject, takesPicture: boolean, shown: JsonObject): Content {
  const asForm: JsonObject = takesPicture
    ? {
        allOf: [
          schema,
          {
            type: 'object',
            properties: {
              image: {
                type: 'string',
                description: 'A file, or text as in JSON',
                contentMediaType: 'image/*',
              },
            },
          },
        ],
      }
    : schema;
  return {
    'application/json': { schema, examples: shown },
    'multipart/form-data': { schema: asForm },
  };
}

const idempotencyKey: JsonObject = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'The same key with the same body means the same request: it is made and charged once, however often it is sent, while its record exists.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

const submitErrors = errorResponses(400, 401, 403, 406, 409, 410, 413, 429, 500, 502, 503);

const syncResponses: Record<string, ResponseObject> = {
  200: {
    description: 'The first picture; with base64: true JSON with all of them',
    headers: syncHeaders,
    content: {
      ...pictureContent,
      'application/json': {
        schema: reference('SyncReply'),
        example: { image: '/9j/4AAQSkZJRg==', status: 'success', infer_time: 4.812, seed: 468685 },
      },
    },
  },
  ...submitErrors,
  ...errorResponses(404),
  422: jsonResponse('The generation failed', 'Failed', examples.failed),
  ...errorResponses(504),
};

const submitResponses: Record<string, ResponseObject> = {
  200: jsonResponse(`Queued as a new request such as ${exampleId}`, 'SubmitReply', examples.submitReply),
  ...submitErrors,
};

export const generationOperations: readonly Operation[] = slugNames.flatMap((slug) => {
  const does = slugs[slug].endpoint === 'sdxl-torch' ? 'text to image' : 'image to image';
  const common = {
    method: 'post',
    keys: ['apiKey'],
    parameters: [idempotencyKey],
    body: bodyOf(slug),
  } as const;
  const sync = { ...common, responses: syncResponses, description: 'Waits and answers with the picture.' };
  return [
    {
      ...common,
      path: `/v2/${slug}`,
      tag: 'Asynchronous',
      summary: `Queues ${does}`,
      description: 'Answers at once; poll status_url each second, then fetch response_url.',
      responses: submitResponses,
    },
    { ...sync, path: `/v1/${slug}`, tag: 'Synchronous', summary: `Runs ${does}` },
    {
      ...sync,
      path: `/v1/models/${slug}`,
      tag: 'Other addresses',
      summary: `The same as /v1/${slug}`,
    },
  ];
});

/** Every served model under its own name. */
export const servedModelOperations: readonly Operation[] = (['v1', 'v2'] as const).map((version) => ({
  method: 'post',
  path: `/${version}/{model}`,
  tag: version === 'v1' ? 'Synchronous' : 'Asynchronous',
  summary: `${version === 'v1' ? 'Runs' : 'Queues'} a request for the served model of that name`,
  description:
    "Extension. Text to image, or image to image where the body has `image`; the model's own defaults and " +
    'ranges hold, see GET /v1/models.',
  keys: ['apiKey'],
  parameters: [{ name: 'model', in: 'path', required: true, schema: { type: 'string' } }, idempotencyKey],
  body: content(reference('ServedModel'), true, examples['sdxl-torch']),
  responses: version === 'v1' ? syncResponses : { ...submitResponses, ...errorResponses(404) },
}));
