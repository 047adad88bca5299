import type { ApiKey, KeyLimits } from '../../../src/jobs/keys/api-keys.ts';
import { createApiKey, listApiKeys, revokeApiKey } from '../../../src/jobs/keys/api-keys.ts';
import { addCredits } from '../../../src/jobs/keys/credits.ts';
import type { Connection } from '../../../src/jobs/redis/connection.ts';

/** Where API keys are kept, as the commands see it. */
export interface KeyServer {
  create(name: string, limits: KeyLimits): Promise<{ readonly key: string; readonly apiKey: ApiKey }>;
  list(): Promise<ApiKey[]>;
  revoke(id: string): Promise<void>;
  /** @returns the new balance; undefined where the key is unlimited. */
  credit(id: string, credits: number): Promise<number | undefined>;
}

/** The Redis of a server. */
export function keysInRedis(redis: Connection): KeyServer {
  return {
    create: (name, limits) => createApiKey(redis, name, limits),
    list: () => listApiKeys(redis),
    revoke: async (id) => void (await revokeApiKey(redis, id)),
    credit: (id, credits) => addCredits(redis, id, credits),
  };
}

/** A key as the admin API tells it, see src/contract/answers/admin.ts. */
interface KeyBody {
  readonly id: string;
  readonly name: string;
  readonly created_at: string;
  readonly admin: boolean;
  readonly endpoints?: ApiKey['endpoints'];
  readonly credits?: number;
  readonly requests_per_minute?: number;
  readonly max_queued?: number;
}

function apiKeyOf(body: KeyBody): ApiKey {
  const { id, name, created_at, admin, endpoints, credits, requests_per_minute, max_queued } = body;
  return {
    ...{ id, name, admin, createdAt: Date.parse(created_at) },
    ...(endpoints && { endpoints }),
    ...(credits !== undefined && { credits }),
    ...(requests_per_minute !== undefined && { requestsPerMinute: requests_per_minute }),
    ...(max_queued !== undefined && { maxQueued: max_queued }),
  };
}

/**
 * A running server, through its admin API: each act stands in its audit log.
 * @param url of the server, without a slash at its end.
 * @param adminKey never told in a message.
 */
export function keysOverHttp(url: string, adminKey: string): KeyServer {
  const ask = async <Answer>(method: string, path: string, body?: object): Promise<Answer> => {
    const response = await fetch(`${url}/v1/admin/keys${path}`, {
      method,
      headers: { 'x-api-key': adminKey, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const answer = (await response.json()) as Answer & { readonly error?: string };
    if (!response.ok) throw new Error(`the server answered ${response.status}: ${answer.error}`);
    return answer;
  };
  return {
    create: async (name, { endpoints, credits, requestsPerMinute, maxQueued, admin }) => {
      const wishes = { name, endpoints, credits, admin, max_queued: maxQueued };
      const made = await ask<KeyBody & { readonly key: string }>('POST', '', {
        ...wishes,
        requests_per_minute: requestsPerMinute,
      });
      return { key: made.key, apiKey: apiKeyOf(made) };
    },
    list: async () => (await ask<{ keys: KeyBody[] }>('GET', '')).keys.map(apiKeyOf),
    revoke: async (id) => void (await ask('DELETE', `/${id}`)),
    credit: async (id, credits) => (await ask<KeyBody>('POST', `/${id}/credits`, { credits })).credits,
  };
}
