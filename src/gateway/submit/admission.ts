import { utcTime } from '../../contract/answers/responses.ts';
import type { Endpoint } from '../../contract/endpoints.ts';
import { ApiError } from '../../contract/errors.ts';
import type { ApiKey } from '../../jobs/keys/api-keys.ts';
import { readBalance } from '../../jobs/keys/credits.ts';
import { countInMinute } from '../../jobs/keys/rate-limit.ts';
import type { Admission } from '../../jobs/records/admit.ts';
import { memoryShare } from '../../jobs/redis/memory.ts';
import type { Gateway } from '../gateway.ts';
import { lately } from './lately.ts';

/**
 * Redis must keep room for the pictures of the requests already taken: a result that finds none is lost after
 * all its work.
 */
const fullestMemory = 0.8;
/** That there is room is believed for this long; that there is none is asked again each time. */
const roomMaxAgeMs = 1000;
/**
 * The same of a queue that is no fuller than this; a submit is held to the limit itself when it is admitted.
 */
const shortQueue = 0.5;

export interface Gate {
  /**
   * Whether a key may submit to an endpoint now, before anybody looks at what it sends.
   * @throws ApiError 403, 429 or 503.
   */
  assertOpen(endpoint: Endpoint, apiKey: ApiKey): Promise<void>;
  /**
   * Whether a key could pay for a request now, before anything dear is done for it; it is charged when it is
   * admitted.
   * @throws ApiError 406
   */
  assertCredits(apiKey: ApiKey, cost: number): Promise<void>;
  /** Whether Redis has room for more. @throws ApiError 503 */
  assertRoom(): Promise<void>;
}

export function createGate(gateway: Gateway): Gate {
  const { producer, settings } = gateway;
  const share = lately(() => memoryShare(producer.redis), {
    maxAgeMs: roomMaxAgeMs,
    isKept: (share) => share <= fullestMemory,
  });
  const assertRoom = async (): Promise<void> => {
    if ((await share()) > fullestMemory)
      throw new ApiError('unavailable', 'The memory for results is full; try again later');
  };

  const assertRate = async ({ id, requestsPerMinute }: ApiKey): Promise<void> => {
    if (requestsPerMinute === undefined) return;
    const { count, secondsLeft, resetsAt } = await countInMinute(
      producer.redis,
      `submit:${id}`,
      requestsPerMinute,
    );
    if (count <= requestsPerMinute) return;
    throw new ApiError(
      'rateLimited',
      `Rate limit exceeded: this API key may submit ${requestsPerMinute} requests a minute`,
      { headers: { 'retry-after': String(secondsLeft), 'x-rate-limit-reset-at-utc': utcTime(resetsAt) } },
    );
  };

  const queueLength = lately(producer.countWaiting, {
    maxAgeMs: roomMaxAgeMs,
    isKept: (waiting) => waiting <= settings.maxQueued * shortQueue,
  });
  const assertShortQueue = async (): Promise<void> => {
    const waiting = await queueLength();
    if (waiting >= settings.maxQueued) throw queueFull(waiting);
  };

  const assertOpen: Gate['assertOpen'] = async (endpoint, apiKey) => {
    const { endpoints } = apiKey;
    if (endpoints !== undefined && !endpoints.includes(endpoint))
      throw new ApiError(
        'forbidden',
        `This API key may not use ${endpoint}; it may use: ${endpoints.join(', ')}`,
      );
    await assertRate(apiKey);
    await Promise.all([assertRoom(), assertShortQueue()]);
  };
  return {
    ...{ assertOpen, assertRoom },
    assertCredits: async ({ id }, cost) => {
      const { remaining } = await readBalance(producer.redis, id);
      if (remaining !== undefined && cost > remaining) throw insufficientCredits(cost, remaining);
    },
  };
}

function insufficientCredits(cost: number, balance: number): ApiError {
  return new ApiError(
    'insufficientCredits',
    `Insufficient credits: this request costs ${cost} and the balance is ${balance}`,
  );
}

function queueFull(waiting: number): ApiError {
  return new ApiError('unavailable', `The queue is full: ${waiting} requests wait; try again later`);
}

/**
 * @throws ApiError 401, 406, 429 or 503 where the key is gone, or its balance or its place in the queue does
 * not cover the request.
 */
export function assertAdmitted(admission: Admission): void {
  if (admission.accepted) return;
  if (admission.lacking === 'credits') throw insufficientCredits(admission.cost, admission.balance);
  if (admission.lacking === 'key') throw new ApiError('invalidKey');
  if (admission.lacking === 'room') throw queueFull(admission.waiting);
  throw new ApiError(
    'rateLimited',
    `This API key has ${admission.unfinished} unfinished requests and may have ${admission.most}; try again when one has ended`,
  );
}
