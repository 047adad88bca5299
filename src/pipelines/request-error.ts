import { allFinite } from '../numerics/all-finite.ts';

/** A request that no picture can be made of; the message says why and is fit for the client. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
}

/**
 * NaN and infinity are no picture: the job fails with this instead of returning a black image.
 * @throws RequestError naming `what` and the first offending position.
 */
export function requireFinite(values: Float32Array, what: string): void {
  if (allFinite(values)) return;
  const first = values.findIndex((value) => !Number.isFinite(value));
  throw new RequestError(`${what} hold ${values[first]} at position ${first}`);
}
