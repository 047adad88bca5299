import type { RequestRecord, RequestStatus } from '../../contract/request-record.ts';
import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';
import type { JobProgress } from './events.ts';
import { parseRecord } from './read-record.ts';
import { now } from './record-scripts.ts';

/** A record with the step that it is at, where a worker has it in hand. */
export interface ListedRequest {
  readonly record: RequestRecord;
  readonly progress?: JobProgress;
}

const sources: Readonly<Record<RequestStatus, string>> = {
  QUEUED: keyOf.deadlines,
  PROCESSING: keyOf.deadlines,
  COMPLETED: keyOf.ended('result'),
  FAILED: keyOf.ended('error'),
};

/** Requests of everybody, the newest first, as many as are wanted of those that are still on record. */
export async function listRequests(
  redis: Connection,
  { status, most }: { readonly status?: RequestStatus | undefined; readonly most: number },
): Promise<ListedRequest[]> {
  const keys = new Set(status === undefined ? Object.values(sources) : [sources[status]]);
  const found: ListedRequest[] = [];
  for (const key of keys) {
    // Of the unfinished ones many may be in another state than the wanted one.
    for (let from = 0, taken = 0; taken < most; from += most) {
      const ids = await redis.zrevrange(key, from, from + most - 1);
      const read = await readMany(redis, ids);
      const wanted = read.filter(({ record }) => status === undefined || record.status === status);
      found.push(...wanted);
      taken += wanted.length;
      if (ids.length < most) break;
    }
  }
  return found.sort((a, b) => b.record.submittedAt - a.record.submittedAt).slice(0, most);
}

async function readMany(redis: Connection, ids: readonly string[]): Promise<ListedRequest[]> {
  const pipeline = redis.pipeline();
  for (const id of ids) pipeline.hgetall(keyOf.request(id));
  const answers = (await pipeline.exec()) ?? [];
  return answers.flatMap(([error, value], index) => {
    if (error) throw error;
    const stored = value as Record<string, string>;
    if (stored.owner === undefined || stored.request === undefined) return [];
    const record = parseRecord(ids[index]!, stored);
    if (record.status !== 'PROCESSING' || stored.progress === undefined) return [{ record }];
    return [{ record, progress: JSON.parse(stored.progress) as JobProgress }];
  });
}

/** How much has ended how in the last minutes, by the Redis server's clock. */
const endedScript = defineScript(`${now}
return {redis.call('ZCOUNT', KEYS[1], now - ARGV[1], '+inf'), redis.call('ZCOUNT', KEYS[2], now - ARGV[1], '+inf'),
  redis.call('ZCARD', KEYS[3]), redis.call('ZCARD', KEYS[4])}`);

export interface Activity {
  readonly completed: number;
  readonly failed: number;
  readonly waiting: number;
  readonly unfinished: number;
}

/** Requests that ended in the last `milliseconds`, and those that have not. */
export async function readActivity(redis: Connection, milliseconds: number): Promise<Activity> {
  const keys = [keyOf.ended('result'), keyOf.ended('error'), keyOf.waiting, keyOf.deadlines];
  const answer = (await endedScript.run(redis, keys, [milliseconds])) as number[];
  const [completed, failed, waiting, unfinished] = answer as [number, number, number, number];
  return { completed, failed, waiting, unfinished };
}
