import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from '../../contract/errors.ts';
import type { SlugName } from '../../contract/slugs.ts';
import type { Idempotency } from '../../jobs/records/admit.ts';
import type { RawBody } from './read-body.ts';

const longestKey = 255;

/**
 * The client's name for this submit (draft-ietf-httpapi-idempotency-key-header) with a digest of what it
 * sent; undefined where it gave none.
 * @throws ApiError invalidParameter for an empty or overlong key.
 */
export function idempotencyOf(
  headers: IncomingHttpHeaders,
  slug: SlugName,
  body: RawBody,
): Idempotency | undefined {
  const key = idempotencyKeyOf(headers);
  return key === undefined ? undefined : { key, fingerprint: fingerprintOf(slug, body) };
}

/** @throws ApiError invalidParameter for an empty or overlong key. */
export function idempotencyKeyOf(headers: IncomingHttpHeaders): string | undefined {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key !== 'string' || key === '' || key.length > longestKey)
    throw new ApiError('invalidParameter', `Idempotency-Key must be 1 to ${longestKey} characters long`);
  return key;
}

/**
 * The order of fields does not matter, and a form with the values of a JSON body is another body: clients
 * repeat what they sent.
 */
function fingerprintOf(slug: SlugName, { fields, file, size, overrides, model }: RawBody): string {
  const hash = createHash('sha256').update(slug).update('\n').update(sorted(fields));
  if (model !== undefined) hash.update(`\n${model}`);
  if (size) hash.update(`\n${size.width}x${size.height}${size.fit === 'cover' ? '' : size.fit}`);
  if (overrides) hash.update(`\n${sorted(overrides)}`);
  if (file) hash.update('\n').update(file);
  return hash.digest('hex');
}

function sorted(value: unknown): string {
  return (
    JSON.stringify(value, (_, part: unknown) =>
      typeof part === 'object' && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
        : part,
    ) ?? ''
  );
}

/** @throws ApiError conflict where the key was used with another body. */
export function assertSameBody(
  idempotency: Pick<Idempotency, 'fingerprint'>,
  earlier: { readonly fingerprint: string },
): void {
  if (earlier.fingerprint !== idempotency.fingerprint)
    throw new ApiError('conflict', 'The Idempotency-Key was used with another body');
}
