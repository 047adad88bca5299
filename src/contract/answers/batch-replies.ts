import type { ResponseBody } from '../openapi/response-schemas.ts';

/** Answers about batches, from how they stand. Times are milliseconds of the Redis server's clock. */

interface BatchState {
  readonly id: string;
  readonly total: number;
  readonly createdAt: number;
  readonly cancelledAt?: number;
  readonly finishedAt?: number;
}

function links(base: string, id: string) {
  return { status_url: `${base}/v2/batches/${id}`, results_url: `${base}/v2/batches/${id}/results` };
}

/** @param base public base URL, without a trailing slash. */
export function batchReply(base: string, id: string, total: number): ResponseBody<'BatchReply'> {
  return { batch_id: id, status: 'QUEUED', total, ...links(base, id) };
}

type Ended = 'COMPLETED' | 'FAILED' | 'CANCELLED';

/**
 * @param processing how many lines are requests that have not ended.
 * @param ended how the others that have begun have ended.
 */
export function batchBody(
  base: string,
  { id, total, createdAt, cancelledAt, finishedAt }: BatchState,
  processing: number,
  ended: readonly Ended[],
): ResponseBody<'Batch'> {
  const endedAs = (status: Ended) => ended.filter((each) => each === status).length;
  const untouched = Math.max(0, total - processing - ended.length);
  const isCancelled = cancelledAt !== undefined;
  const begun = processing + ended.length > 0;
  return {
    batch_id: id,
    status: isCancelled
      ? 'CANCELLED'
      : finishedAt !== undefined
        ? 'COMPLETED'
        : begun
          ? 'PROCESSING'
          : 'QUEUED',
    total,
    counts: {
      waiting: isCancelled ? 0 : untouched,
      processing,
      completed: endedAs('COMPLETED'),
      failed: endedAs('FAILED'),
      cancelled: endedAs('CANCELLED') + (isCancelled ? untouched : 0),
    },
    created_at: new Date(createdAt).toISOString(),
    finished_at: finishedAt === undefined ? null : new Date(finishedAt).toISOString(),
    ...links(base, id),
  };
}
