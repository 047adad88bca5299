import { randomUUID } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import type { ApiError } from '../../contract/errors.ts';
import { giveLease, takeLease } from '../../jobs/batches/batch-lines.ts';
import { unfinishedBatches } from '../../jobs/batches/batches.ts';
import { isUnavailable } from '../../jobs/redis/unavailable.ts';
import type { Gateway } from '../gateway.ts';
import type { Accept } from '../submit/accept.ts';
import type { WorkerList } from '../submit/worker-list.ts';
import { feedBatch } from './feed-batch.ts';

/** What brings batches forward, whichever gateway took them. */
export interface BatchFeeder {
  /** Looks at once. */
  hurry(): void;
  /** Resolves when nothing of it is under way any more. */
  close(): Promise<void>;
}

const intervalMs = 500;
/** How long no line of a batch is accepted after one was told no, unless it was told for how long. */
const restMs = 2000;

export function createBatchFeeder(
  gateway: Gateway,
  accept: Accept,
  workers: WorkerList,
  log: FastifyBaseLogger,
): BatchFeeder {
  const { redis } = gateway.producer;
  const closing = new AbortController();
  const countWorkers = async () => (await workers.live()).length;
  const parts = { gateway, accept, countWorkers, closing: closing.signal, tries: new Map<string, number>() };
  const holder = randomUUID();
  const restingUntil = new Map<string, number>();

  const feed = async (id: string): Promise<void> => {
    if (!(await takeLease(redis, id, holder))) return;
    try {
      const isResting = (restingUntil.get(id) ?? 0) > performance.now();
      const refusal = await feedBatch(parts, id, !isResting);
      if (refusal !== undefined) restingUntil.set(id, performance.now() + restOf(refusal));
    } catch (error) {
      if (!isUnavailable(error)) log.error({ err: error }, 'a batch cannot be brought forward');
      restingUntil.set(id, performance.now() + restMs);
    } finally {
      await giveLease(redis, id, holder);
    }
  };
  const look = async (): Promise<void> => {
    const ids = await unfinishedBatches(redis);
    for (const id of restingUntil.keys()) if (!ids.includes(id)) restingUntil.delete(id);
    await Promise.all(ids.map(feed));
  };

  let looking: Promise<void> | undefined;
  let isAskedAgain = false;
  const hurry = (): void => {
    isAskedAgain = looking !== undefined;
    if (looking !== undefined || closing.signal.aborted || redis.status !== 'ready') return;
    looking = look()
      .catch((error: unknown) => {
        if (!isUnavailable(error)) log.error({ err: error }, 'batches cannot be looked at');
      })
      .finally(() => {
        looking = undefined;
        if (isAskedAgain) hurry();
      });
  };
  const timer = setInterval(hurry, intervalMs);
  timer.unref();
  return {
    hurry,
    close: async () => {
      clearInterval(timer);
      closing.abort();
      await looking;
    },
  };
}

function restOf({ headers }: ApiError): number {
  return headers['retry-after'] === undefined ? restMs : Number(headers['retry-after']) * 1000;
}
