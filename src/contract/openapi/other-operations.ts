import { unlimitedCredits } from '../responses.ts';
import { errorResponses, openAiErrorResponses } from './error-responses.ts';
import { examples } from './examples.ts';
import { type JsonObject, jsonResponse, type Operation, reference } from './operation.ts';

/** Everything but the submits. */

const idParameter: JsonObject = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'The request_id of the submit reply',
  schema: { type: 'string', format: 'uuid' },
};
const byId = { keys: ['apiKey'], parameters: [idParameter] } as const;
const failed = { 422: jsonResponse('The generation failed', 'Failed', examples.failed) };
const pollErrors = errorResponses(400, 401, 404, 429, 500, 503);

const polling: Operation[] = [
  {
    ...byId,
    method: 'get',
    path: '/v2/requests/{id}/status',
    tag: 'Asynchronous',
    summary: 'State of a request; never rate-limited',
    responses: { 200: jsonResponse('Not failed', 'Status', examples.status), ...failed, ...pollErrors },
  },
  {
    ...byId,
    method: 'delete',
    path: '/v2/requests/{id}',
    tag: 'Asynchronous',
    summary: 'Cancels a request that waits or runs',
    description:
      'It is FAILED at once and its credits are given back; a worker that has it stops after the step in hand. Cancelling again changes nothing.',
    responses: {
      200: jsonResponse('Cancelled', 'Failed', { ...examples.failed, error: 'The request was cancelled' }),
      ...pollErrors,
      ...errorResponses(406, 409, 413),
    },
  },
  {
    ...byId,
    method: 'get',
    path: '/v2/requests/{id}/events',
    tag: 'Asynchronous',
    summary: 'Follows a request to its end, as server-sent events',
    description: [
      'Begins with how the request stands and ends with it. Events: `status` (as the status address), `position` (`{"position": 1}`',
      'is next), `progress` (`{"sample", "samples", "step", "steps"}`), `preview` (`{"image": "data:image/jpeg;base64,..."}`, a',
      'picture of one pixel for 8 x 8, at most one a second), `done` (as the result address, without base64) or `failed`.',
    ].join(' '),
    responses: {
      200: {
        description: 'The events',
        content: {
          'text/event-stream': {
            schema: { type: 'string' },
            example: 'event: progress\ndata: {"sample":0,"samples":1,"step":3,"steps":25}\n\n',
          },
        },
      },
      ...pollErrors,
    },
  },
  ...(['v2', 'v1'] as const).map((version) => ({
    ...byId,
    method: 'get' as const,
    path: `/${version}/requests/{id}`,
    tag: version === 'v2' ? 'Asynchronous' : 'Other addresses',
    summary: version === 'v2' ? 'Result of a request' : 'The same as /v2/requests/{id}',
    description: 'The body of the status endpoint while there is no result. Kept for an hour.',
    responses: { 200: jsonResponse('Not failed', 'Result', examples.result), ...failed, ...pollErrors },
  })),
  {
    method: 'get',
    path: '/outputs/{id}/{file}',
    tag: 'Asynchronous',
    summary: 'A picture; needs no key',
    keys: [],
    parameters: [idParameter, { name: 'file', in: 'path', required: true, schema: { type: 'string' } }],
    responses: {
      200: {
        description: 'The picture',
        content: Object.fromEntries(
          ['image/jpeg', 'image/png', 'image/webp'].map((type) => [
            type,
            { schema: { type: 'string', contentMediaType: type } },
          ]),
        ),
      },
      ...errorResponses(400, 404, 500, 503),
    },
  },
];

const account: Operation[] = [
  {
    method: 'get',
    path: '/v1/get-user-credits',
    tag: 'Account',
    summary: 'Balance of the key',
    keys: ['apiKey'],
    responses: {
      200: jsonResponse('The balance; 999999 where the key has no limit', 'UserCredits', {
        credits: unlimitedCredits,
        'free-credits': 0,
      }),
      ...errorResponses(401, 429, 500, 503),
    },
  },
  {
    method: 'get',
    path: '/v1/credits',
    tag: 'Account',
    summary: 'Balance and use of the key',
    keys: ['apiKey'],
    responses: {
      200: jsonResponse('The balance', 'Credits', { data: { credits: { remaining: 12.5, used: 0.25 } } }),
      ...errorResponses(401, 429, 500, 503),
    },
  },
];

const lists: Operation[] = [
  {
    method: 'get',
    path: '/v1/styles',
    tag: 'Lists',
    summary: 'Names for `style`',
    keys: [],
    responses: {
      200: jsonResponse('All styles with their other spellings', 'Styles', {
        default: 'base',
        styles: [{ name: 'advertising', aliases: ['ads-advertising'] }],
      }),
      ...errorResponses(500),
    },
  },
  {
    method: 'get',
    path: '/v1/schedulers',
    tag: 'Lists',
    summary: 'Names for `scheduler`, by endpoint',
    keys: [],
    responses: {
      200: jsonResponse('All schedulers', 'Schedulers', {
        'sdxl-torch': { default: 'UniPC', schedulers: ['Euler', 'UniPC'], aliases: { euler: 'Euler' } },
        'sdxl-img2img': { default: 'UniPC', schedulers: ['LMS Karras', 'UniPC'], aliases: {} },
      }),
      ...errorResponses(500),
    },
  },
];

const openAiErrors = openAiErrorResponses(
  400,
  401,
  403,
  404,
  406,
  409,
  410,
  413,
  422,
  429,
  500,
  502,
  503,
  504,
);
const openAiBody = (schema: string, example: JsonObject) => ({
  'application/json': { schema: reference(schema), example },
  'multipart/form-data': { schema: reference(schema) },
});

const openAi: Operation[] = [
  {
    method: 'post',
    path: '/v1/images/generations',
    tag: 'OpenAI Images',
    summary: 'Text to image',
    keys: ['bearer', 'apiKey'],
    body: openAiBody('OpenAiGeneration', { prompt: 'a red panda', n: 1, size: '1024x1024', seed: 468685 }),
    responses: { 200: jsonResponse('The pictures', 'OpenAiImages', examples.openAiImages), ...openAiErrors },
  },
  {
    method: 'post',
    path: '/v1/images/edits',
    tag: 'OpenAI Images',
    summary: 'Image to image; a mask is refused',
    keys: ['bearer', 'apiKey'],
    body: openAiBody('OpenAiEdit', {
      prompt: 'the same panda in snow',
      image: 'https://pictures.example/panda.jpg',
      model: 'juggernaut',
    }),
    responses: { 200: jsonResponse('The pictures', 'OpenAiImages', examples.openAiImages), ...openAiErrors },
  },
  {
    method: 'get',
    path: '/v1/models',
    tag: 'OpenAI Images',
    summary: 'What the live workers serve',
    keys: ['bearer', 'apiKey'],
    responses: {
      200: jsonResponse('Names for `model`', 'OpenAiModels', {
        object: 'list',
        data: [{ id: 'sdxl-torch', object: 'model', created: 1690329600, owned_by: 'sdxl-server' }],
      }),
      ...openAiErrorResponses(401, 429, 500, 503),
    },
  },
];

const health: Operation[] = [
  ...['/healthz', '/v1/health'].map((path) => ({
    method: 'get' as const,
    path,
    tag: 'Health',
    summary: 'This process runs',
    keys: [],
    responses: { 200: jsonResponse('It does', 'Health', { status: 'ok' }), ...errorResponses(500) },
  })),
  {
    method: 'get',
    path: '/readyz',
    tag: 'Health',
    summary: 'A request sent now would be worked on',
    keys: [],
    responses: {
      200: jsonResponse('It would', 'Ready', { status: 'ready', workers: 1 }),
      503: jsonResponse('It would not', 'NotReady', {
        status: 'not ready',
        error: 'No worker is alive',
        workers: 0,
      }),
    },
  },
];

const documentation: Operation[] = [
  {
    method: 'get',
    path: '/openapi.json',
    tag: 'Documentation',
    summary: 'This document',
    keys: [],
    responses: {
      200: {
        description: 'OpenAPI 3.1',
        content: { 'application/json': { schema: { type: 'object', required: ['openapi', 'paths'] } } },
      },
      304: { description: 'Not changed' },
      ...errorResponses(500),
    },
  },
  {
    method: 'get',
    path: '/docs',
    tag: 'Documentation',
    summary: 'This document as a page',
    keys: [],
    responses: {
      200: { description: 'The page', content: { 'text/html': { schema: { type: 'string' } } } },
      ...errorResponses(500),
    },
  },
  {
    method: 'get',
    path: '/docs/{version}/{file}',
    tag: 'Documentation',
    summary: 'Files of the page',
    keys: [],
    parameters: ['version', 'file'].map((name) => ({
      ...{ name, in: 'path', required: true },
      schema: { type: 'string' },
    })),
    responses: {
      200: {
        description: 'The file',
        content: Object.fromEntries(
          ['text/css', 'text/javascript', 'image/png'].map((type) => [type, { schema: { type: 'string' } }]),
        ),
      },
      ...errorResponses(400, 404, 500),
    },
  },
];

export const otherOperations: readonly Operation[] = [
  ...documentation,
  ...polling,
  ...account,
  ...lists,
  ...openAi,
  ...health,
];
