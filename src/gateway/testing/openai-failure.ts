import assert from 'node:assert/strict';
import { APIError } from 'openai';

/** What OpenAI's client throws. */
export async function failure(call: Promise<unknown>): Promise<APIError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof APIError, String(error));
  return error;
}
