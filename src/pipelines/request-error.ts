/** A request that no picture can be made of; the message says why and is fit for the client. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
}

/**
 * NaN and infinity are no picture: the job fails with this instead of returning a black image.
 * @throws RequestError naming `what` and the first offending position.
 */
export function requireFinite(values: Float32Array, what: string): void {
  // A finite number times 0 is 0, anything else NaN: one pass without a branch.
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! * 0;
  if (sum === 0) return;
  const first = values.findIndex((value) => !Number.isFinite(value));
  throw new RequestError(`${what} hold ${values[first]} at position ${first}`);
}
