import type { GenerationRequest, GenerationResult } from '../../contract/generation.ts';
import type { RequestRecord } from '../../contract/request-record.ts';
import { fromMillionths } from '../keys/credits.ts';
import type { Connection } from '../redis/connection.ts';
import { bullKeyOf, keyOf } from '../redis/names.ts';
import { defineScript } from '../redis/script.ts';
import { now } from './record-scripts.ts';

const jobPrefix = bullKeyOf("' .. route .. '", '');

const readScript = defineScript(`${now}
local fields = redis.call('HGETALL', KEYS[1])
local route = redis.call('HGET', KEYS[1], 'route')
local hasJob = 1
if route then hasJob = redis.call('EXISTS', '${jobPrefix}' .. ARGV[1]) end
return {now, hasJob, fields}`);

/** A record as it stands at one moment. */
export interface StoredRecord {
  readonly record: RequestRecord;
  /** The server's clock. */
  readonly now: number;
  /** Whether its queue has a job of it. */
  readonly hasJob: boolean;
}

/** Undefined when unknown or expired. */
export async function readRecord(redis: Connection, id: string): Promise<StoredRecord | undefined> {
  const answer = await readScript.run(redis, [keyOf.request(id)], [id]);
  const [time, hasJob, fields] = answer as [number, number, string[]];
  const stored: Record<string, string> = {};
  for (let i = 0; i < fields.length; i += 2) stored[fields[i]!] = fields[i + 1]!;
  if (stored.owner === undefined || stored.request === undefined) return undefined;
  return { record: parseRecord(id, stored), now: Number(time), hasJob: hasJob === 1 };
}

/**
 * Whether a request has ended: that may have been published while the worker that holds it could not hear.
 */
export async function hasEnded(redis: Connection, id: string): Promise<boolean> {
  return (await redis.hexists(keyOf.request(id), 'finishedAt')) === 1;
}

/** @param stored the hash of a request. */
export function parseRecord(id: string, stored: Record<string, string>): RequestRecord {
  const status = stored.error
    ? 'FAILED'
    : stored.result
      ? 'COMPLETED'
      : stored.startedAt
        ? 'PROCESSING'
        : 'QUEUED';
  return {
    id,
    owner: stored.owner!,
    request: JSON.parse(stored.request!) as GenerationRequest,
    cost: fromMillionths(stored.cost ?? 0),
    status,
    submittedAt: Number(stored.submittedAt),
    deadlineAt: Number(stored.deadlineAt),
    attempts: Number(stored.attempts),
    ...(stored.startedAt && { startedAt: Number(stored.startedAt) }),
    ...(stored.finishedAt && { finishedAt: Number(stored.finishedAt) }),
    ...(stored.result && { result: JSON.parse(stored.result) as GenerationResult }),
    ...(stored.error && { error: stored.error }),
  };
}
