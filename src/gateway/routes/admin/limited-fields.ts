import type { KeyChanges } from '../../../contract/answers/admin.ts';
import type { KeyChange } from '../../../jobs/keys/change-api-key.ts';

/** The limits of a changed key: elsewhere null counts as left out, here it takes the limit away. */
export function limitedFields(fields: KeyChanges, body: unknown): KeyChange {
  const isNull = (name: string) => (body as Record<string, unknown>)[name] === null;
  const { endpoints, requests_per_minute, max_queued } = fields;
  return {
    ...(endpoints && { endpoints }),
    ...(isNull('endpoints') && { endpoints: null }),
    ...(requests_per_minute !== undefined && { requestsPerMinute: requests_per_minute }),
    ...(isNull('requests_per_minute') && { requestsPerMinute: null }),
    ...(max_queued !== undefined && { maxQueued: max_queued }),
    ...(isNull('max_queued') && { maxQueued: null }),
  };
}
