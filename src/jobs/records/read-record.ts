import type { GenerationRequest, GenerationResult } from '../../contract/generation.ts';
import type { RequestRecord } from '../../contract/request-record.ts';
import type { Connection } from '../redis/connection.ts';
import { keyOf } from '../redis/names.ts';
import { fromMillionths } from './credits.ts';

/** The stored record and the server's clock at that moment; undefined when unknown or expired. */
export async function readRecord(
  redis: Connection,
  id: string,
): Promise<{ record: RequestRecord; now: number } | undefined> {
  const [time, stored] = await Promise.all([redis.time(), redis.hgetall(keyOf.request(id))]);
  if (stored.owner === undefined || stored.request === undefined) return undefined;
  const [seconds, microseconds] = time.map(Number);
  return {
    record: parseRecord(id, stored),
    now: seconds! * 1000 + Math.floor(microseconds! / 1000),
  };
}

function parseRecord(id: string, stored: Record<string, string>): RequestRecord {
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
