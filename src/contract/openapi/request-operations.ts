import { unlimitedCredits } from '../answers/responses.ts';
import { errorResponses } from './error-responses.ts';
import { examples } from './examples.ts';
import { type JsonObject, jsonResponse, type Operation } from './operation.ts';

/** What a key's requests and balance are asked for with. */

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
      302: {
        description: 'The picture stands at the address in `location` (RESULT_LINKS=signed)',
        headers: { location: { schema: { type: 'string', format: 'uri' } } },
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

export const requestOperations: readonly Operation[] = [...polling, ...account];
