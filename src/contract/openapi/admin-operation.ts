import { errorResponses } from './error-responses.ts';

/** What the operations of the admin API share. */

export const adminOperation = { tag: 'Administration', keys: ['apiKey'] } as const;
export const refusals = errorResponses(400, 401, 403, 429, 500, 503);
export const missing = errorResponses(404);
export const conflict = errorResponses(409);

export const exampleTime = '2026-01-02T03:04:05.000Z';
export const exampleKeyId = '0123456789abcdef';
