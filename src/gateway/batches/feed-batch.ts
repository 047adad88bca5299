import { randomUUID } from 'node:crypto';
import type { ApiError } from '../../contract/errors.ts';
import type { RequestRecord } from '../../contract/request-record.ts';
import type { SlugName } from '../../contract/slugs.ts';
import {
  changeLine,
  type LineOutcome,
  type OpenLine,
  openLines,
  planLine,
  settleLine,
  wasWithdrawn,
} from '../../jobs/batches/batch-lines.ts';
import { type Batch, readBatch, readLines } from '../../jobs/batches/batches.ts';
import { cancelledFailure } from '../../jobs/job-error.ts';
import { readApiKey } from '../../jobs/keys/api-keys.ts';
import type { Gateway } from '../gateway.ts';
import { anybody } from '../http/auth.ts';
import { toApiError } from '../http/errors.ts';
import type { Accept } from '../submit/accept.ts';

/** Behind requests without a priority of their own, which have 50. */
const priority = 90;
/** Lines of a batch under way at a time, at least. Few, since each must end within its deadline. */
const fewestOpen = 4;
/** What may be otherwise later; everything else is the line's own fault. */
const passing: readonly string[] = ['rateLimited', 'unavailable', 'noWorker'];
/** After so many errors of our own a line is given up. */
const mostTries = 5;

export interface FeedParts {
  readonly gateway: Gateway;
  readonly accept: Accept;
  /** How many workers are alive. */
  readonly countWorkers: () => Promise<number>;
  readonly closing: AbortSignal;
  /** How often a line has met an error of our own, by the id of its request. */
  readonly tries: Map<string, number>;
}

/** A line has ended, is under way, or cannot be accepted for now. */
type Step = { readonly outcome: LineOutcome } | { readonly later: ApiError } | 'under way';

/**
 * Brings a batch forward by what can be done now: lines whose request has ended are settled, the next ones
 * become requests.
 * @param mayAccept whether lines may become requests; false while the batch was told to come back later.
 * @returns why no further line is accepted for now; undefined where nothing is in the way.
 */
export async function feedBatch(
  parts: FeedParts,
  id: string,
  mayAccept: boolean,
): Promise<ApiError | undefined> {
  const { producer, settings } = parts.gateway;
  const { redis } = producer;
  const batch = await readBatch(redis, id);
  if (batch === undefined || batch.finishedAt !== undefined) return undefined;

  let open = 0;
  const take = async (line: OpenLine): Promise<ApiError | undefined> => {
    const step = await stepOf(parts, batch, line, mayAccept);
    if (step === 'under way') open++;
    else if ('later' in step) return step.later;
    else await settleLine(redis, id, line.index, step.outcome, settings.resultTtlSeconds);
    return undefined;
  };
  let refusal: ApiError | undefined;
  for (const line of await openLines(redis, id)) refusal = (await take(line)) ?? refusal;
  if (refusal !== undefined) return refusal;
  if (batch.cancelledAt !== undefined || !mayAccept) return undefined;
  const most = Math.max(fewestOpen, 2 * (await parts.countWorkers()));
  for (let index = batch.next; index < batch.total && open < most; index++) {
    if (parts.closing.aborted) return undefined;
    const line: OpenLine = { index, state: 'planned', requestId: randomUUID() };
    if (!(await planLine(redis, id, line, most))) return undefined;
    const later = await take(line);
    if (later !== undefined) return later;
  }
  return undefined;
}

async function stepOf(parts: FeedParts, batch: Batch, line: OpenLine, mayAccept: boolean): Promise<Step> {
  const { producer } = parts.gateway;
  const { id, cancelledAt } = batch;
  const record = await producer.read(line.requestId);
  if (record?.finishedAt !== undefined) return { outcome: outcomeOf(record) };
  if (record !== undefined) {
    await changeLine(producer.redis, id, line, { ...line, state: 'accepted' });
    if (cancelledAt === undefined) return 'under way';
    const ended = await producer.cancel(line.requestId);
    return { outcome: ended === undefined ? { status: 'CANCELLED' } : outcomeOf(ended) };
  }
  let planned = line;
  if (await wasWithdrawn(producer.redis, line.requestId)) {
    // Redis was lost while it was submitted: that request is taken back, and the line asks for another.
    planned = { ...line, state: 'planned', requestId: randomUUID() };
    await changeLine(producer.redis, id, line, planned);
  } else if (line.state === 'accepted')
    return { outcome: { status: 'FAILED', requestId: line.requestId, error: 'The result has expired' } };
  if (cancelledAt !== undefined) return { outcome: { status: 'CANCELLED' } };
  return mayAccept ? await submit(parts, batch, planned) : 'under way';
}

async function submit(parts: FeedParts, batch: Batch, line: OpenLine): Promise<Step> {
  const { gateway, accept, closing } = parts;
  const { producer, settings } = gateway;
  const { owner, base } = batch;
  const failed = (error: string): Step => ({ outcome: { status: 'FAILED', error } });
  try {
    const apiKey = settings.auth ? await readApiKey(producer.redis, owner) : anybody;
    if (apiKey === undefined) return failed('The API key of this batch has been revoked');
    const [stored] = await readLines(producer.redis, batch.id, line.index, 1);
    if (stored === undefined) return failed('The line is no longer there');
    await accept(
      stored.slug as SlugName,
      { fields: stored.fields },
      {
        ...{ headers: {}, origin: {}, apiKey, owner, base, gone: closing },
        takeRoom: async () => undefined,
        // Half of the queue is left to requests that come by themselves.
        line: { id: line.requestId, priority, mostWaiting: Math.ceil(settings.maxQueued / 2) },
      },
    );
  } catch (error) {
    const known = toApiError(error);
    if (passing.includes(known.code) || closing.aborted) return { later: known };
    if (known.code !== 'internal') return failed(known.message);
    const tries = (parts.tries.get(line.requestId) ?? 0) + 1;
    parts.tries.set(line.requestId, tries);
    if (tries < mostTries) throw error;
    parts.tries.delete(line.requestId);
    return failed(known.message);
  }
  await changeLine(producer.redis, batch.id, line, { ...line, state: 'accepted' });
  return 'under way';
}

function outcomeOf({ id, status, error }: RequestRecord): LineOutcome {
  if (error === cancelledFailure) return { status: 'CANCELLED', requestId: id };
  return status === 'COMPLETED'
    ? { status, requestId: id }
    : { status: 'FAILED', requestId: id, error: error ?? 'The request failed' };
}
