import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';
import { type ApiKey, type KeyLimits, readApiKey } from './api-keys.ts';

/** What of a key can be changed; `null` takes a limit away. */
export type KeyChange = {
  readonly [Name in 'endpoints' | 'requestsPerMinute' | 'maxQueued']?: KeyLimits[Name] | null;
} & { readonly name?: string; readonly admin?: boolean };

/** Only a key that is there is written to. The same change twice is one change. */
const changeScript = defineScript(`
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
for i = 1, #ARGV, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[1], ARGV[i]) else redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
return 1`);

/** @returns the key as it then stands; undefined for an unknown id. */
export async function changeApiKey(
  redis: Connection,
  id: string,
  { name, endpoints, requestsPerMinute, maxQueued, admin }: KeyChange,
): Promise<ApiKey | undefined> {
  const change: string[] = [];
  const set = (field: string, value: string | number | null | undefined) => {
    if (value !== undefined) change.push(field, value === null ? '' : String(value));
  };
  set('name', name);
  set('endpoints', endpoints === null ? null : endpoints?.join(','));
  set('requestsPerMinute', requestsPerMinute);
  set('maxQueued', maxQueued);
  set('admin', admin === undefined ? undefined : admin ? 1 : null);
  await changeScript.run(redis, [keyOf.apiKey(id)], change);
  return await readApiKey(redis, id);
}
