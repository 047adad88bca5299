import { openAiErrorBody } from '../openai/error.ts';
import { jsonResponse, type ResponseObject } from './operation.ts';

/** What each status means, with an example of its text. */
export const meanings = {
  400: ['A field or the body is not valid', 'samples must be an integer from 1 to 4, got 9'],
  401: ['No key, or an unknown one', 'Missing Authorization or x-api-key in header'],
  403: ['The key may not do that', 'This API key may not use sdxl-img2img; it may use: sdxl-torch'],
  404: ["Unknown, expired or somebody else's", 'Request 2f6d0a4e-4c9b-4f0e-9c55-7a3f1f0f7d10 not found'],
  406: ['Wrong or missing content type, or not enough credits', 'Invalid content type'],
  409: ['In conflict with an earlier request', 'The Idempotency-Key was used with another body'],
  410: ['Retired', 'The model is retired'],
  413: ['The body is too large', 'The request body is too large'],
  415: ['Wrong or missing content type', 'Invalid content type'],
  422: ['The generation failed', 'The generation failed'],
  429: [
    'Too many requests of this key, or of this address without one',
    'Rate limit exceeded: this API key may submit 60 requests a minute',
  ],
  500: ['An error of the server', 'Internal server error'],
  502: ['No worker is alive', 'No worker is alive'],
  503: [
    'Queue or memory is full, or Redis is away',
    'The queue is full: 1000 requests wait; try again later',
  ],
  504: [
    'Not finished in time; the request goes on',
    'Request 2f6d0a4e-4c9b-4f0e-9c55-7a3f1f0f7d10 was not finished in time and goes on: poll http://gw.example:8080/v2/requests/2f6d0a4e-4c9b-4f0e-9c55-7a3f1f0f7d10/status',
  ],
} as const satisfies Record<number, readonly [string, string]>;

export type ErrorStatus = keyof typeof meanings;

const retryAfter = { 'retry-after': { description: 'Seconds', schema: { type: 'string' } } };
const retried: readonly ErrorStatus[] = [429, 502, 503];

/** A wrong verb is answered with an HTML page, as the published service does. */
export const wrongVerb: ResponseObject = {
  description: 'Wrong verb',
  headers: { allow: { schema: { type: 'string' } } },
  content: { 'text/html': { schema: { type: 'string' } } },
};

/** `{"error": "..."}` under each status. */
export function errorResponses(...statuses: ErrorStatus[]): Record<string, ResponseObject> {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      jsonResponse(
        meanings[status][0],
        'Error',
        { error: meanings[status][1] },
        retried.includes(status) ? retryAfter : undefined,
      ),
    ]),
  );
}

/** OpenAI's envelope under each status. */
export function openAiErrorResponses(...statuses: ErrorStatus[]): Record<string, ResponseObject> {
  return Object.fromEntries(
    statuses.map((status) => {
      const body = openAiErrorBody(
        status,
        meanings[status][1],
        status === 400 ? 'invalidParameter' : undefined,
      );
      const example = { error: { ...body.error } };
      return [status, jsonResponse(meanings[status][0], 'OpenAiError', example)];
    }),
  );
}
