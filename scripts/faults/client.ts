import { createHash, randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import { readBalance } from '../../src/jobs/keys/credits.ts';
import { readOutput } from '../../src/jobs/records/stored-pictures.ts';
import type { Trial } from './fault-row.ts';
import type { Service } from './service.ts';

/** One request as the client who made it sees it. */
export interface Submitted {
  readonly id: string;
  readonly seed: number;
  /** A cancel was answered 200. */
  cancelled?: boolean;
  /** The reason that it must fail for. */
  failure?: RegExp;
  /** Its end is to be told to a webhook. */
  webhook?: boolean;
  /** Digest of the picture that a waiting call was answered with. */
  readonly answered?: string;
}

/** Steers the fake engine: two steps of 5 ms. */
export const body = (seed: number, prompt = 'a panda stepMs=5', steps = 2) => ({
  ...{ prompt, seed, steps, scheduler: 'Euler', refiner: false, outputFormat: 'png' },
});

export async function call(
  base: string,
  path: string,
  key: string,
  options: { readonly method?: string; readonly body?: object; readonly idempotencyKey?: string } = {},
): Promise<Response> {
  const { method = options.body ? 'POST' : 'GET', idempotencyKey } = options;
  return await fetch(base + path, {
    method,
    headers: {
      'x-api-key': key,
      ...(options.body && { 'content-type': 'application/json' }),
      ...(idempotencyKey && { 'idempotency-key': idempotencyKey }),
    },
    ...(options.body && { body: JSON.stringify(options.body) }),
    signal: AbortSignal.timeout(30_000),
  });
}

/** Again while the service says that it cannot now. */
export async function patiently(ask: () => Promise<Response>): Promise<Response> {
  for (;;) {
    const answer = await ask();
    if (answer.status !== 503) return answer;
    await answer.arrayBuffer();
    await setTimeout(200);
  }
}

/**
 * Submits until it is accepted, as a client does that is told 503 or hears nothing.
 * @param idempotencyKey makes a repeat safe; without one only what was answered is repeated.
 */
export async function submit(
  base: () => string,
  key: string,
  request: object & { readonly seed: number },
  idempotencyKey?: string,
  path = '/v2/sdxl-torch',
): Promise<Submitted> {
  for (;;) {
    try {
      const response = await call(base(), path, key, {
        body: request,
        ...(idempotencyKey && { idempotencyKey }),
      });
      const { request_id: id, error } = (await response.json()) as { request_id: string; error?: string };
      if (response.status === 200) return { id, seed: request.seed };
      if (response.status !== 503) throw new Unexpected(`submit: ${response.status} ${error}`);
    } catch (error) {
      if (error instanceof Unexpected || idempotencyKey === undefined) throw error;
    }
    await setTimeout(50);
  }
}

/** @returns whether it was answered 200; 409 is what an ended request says. */
export async function cancel(base: () => string, key: string, id: string): Promise<boolean> {
  for (;;) {
    const response = await call(base(), `/v2/requests/${id}`, key, { method: 'DELETE' }).catch(
      () => undefined,
    );
    if (response?.status === 200) return true;
    if (response?.status === 409) return false;
    if (response !== undefined && response.status !== 503) throw new Error(`cancel: ${response.status}`);
    await setTimeout(50);
  }
}

class Unexpected extends Error {}

export type Pictures = ReadonlyMap<number, string>;

/** The record's state and the digest of its picture, past everything that stands before Redis. */
async function outcome(
  { direct, results }: Service,
  { id }: Submitted,
): Promise<{ status: string; reason?: string; picture?: string }> {
  const [error, result] = await direct.hmget(`{sdxl}:request:${id}`, 'error', 'result');
  if (error) return { status: 'FAILED', reason: error };
  if (!result) return { status: (await direct.exists(`{sdxl}:request:${id}`)) === 1 ? 'UNENDED' : 'GONE' };
  const { images } = JSON.parse(result) as { images: { path: string }[] };
  const stored = await readOutput(direct, images[0]!.path, results);
  if (stored === undefined) return { status: 'PICTURE GONE' };
  return { status: 'COMPLETED', picture: createHash('sha256').update(stored.bytes).digest('hex') };
}

/** Waits until all have ended, at most that long. */
export async function allEnded(
  service: Service,
  requests: readonly Submitted[],
  patienceMs: number,
): Promise<void> {
  const until = performance.now() + patienceMs;
  for (const request of requests)
    while (performance.now() < until && (await outcome(service, request)).status === 'UNENDED')
      await setTimeout(50);
}

/**
 * The pictures that these seeds give when nothing disturbs; checked against all later ones.
 * @throws Error where one of them is not there within a minute.
 */
export async function undisturbed(
  service: Service,
  base: string,
  seeds: readonly number[],
  request: (seed: number) => object & { readonly seed: number } = body,
  path?: string,
): Promise<Pictures> {
  const requests = await Promise.all(
    seeds.map((seed) => submit(() => base, service.key, request(seed), randomUUID(), path)),
  );
  await allEnded(service, requests, 60_000);
  const pictures = await Promise.all(requests.map((each) => outcome(service, each)));
  return new Map(
    seeds.map((seed, index) => {
      const { picture, status, reason } = pictures[index]!;
      if (picture === undefined)
        throw new Error(`seed ${seed} gave no picture though nothing disturbs: ${reason ?? status}`);
      return [seed, picture];
    }),
  );
}

/**
 * Holds every accepted request against what was promised of it.
 * @param earlier credits that had been spent before any of these.
 */
export async function judge(
  service: Service,
  base: string,
  requests: readonly Submitted[],
  pictures: Pictures,
  earlier: number,
  patienceMs = 60_000,
): Promise<Trial> {
  await allEnded(service, requests, patienceMs);
  const counts = { lost: 0, wrongPictures: 0, foreignReads: 0, completed: 0 };
  const reasons = new Map<string, number>();
  for (const request of requests) {
    const { status, reason, picture } = await outcome(service, request);
    const cancelled = request.cancelled === true && reason === 'The request was cancelled';
    if (status === 'COMPLETED') counts.completed += 1;
    const asTold = reason !== undefined && request.failure?.test(reason) === true;
    if (status === 'COMPLETED' ? request.cancelled || request.failure : !cancelled && !asTold) {
      counts.lost += 1;
      const what = `${status} ${reason ?? ''}${request.cancelled ? ' though cancelled' : ''}`.trim();
      reasons.set(what, (reasons.get(what) ?? 0) + 1);
    }
    const seen = [picture, request.answered].filter((each) => each !== undefined);
    if (seen.some((each) => each !== pictures.get(request.seed))) counts.wrongPictures += 1;
  }
  for (const { id } of requests.slice(0, 20)) {
    const response = await patiently(() => call(base, `/v2/requests/${id}`, service.foreignKey));
    if (response.status !== 404) counts.foreignReads += 1;
  }
  const { used } = await readBalance(service.direct, service.keyId);
  const unfinished = await service.direct.scard(`{sdxl}:unfinished:${service.keyId}`);
  const ghosts = unfinished > 0 ? [`${unfinished} unfinished that nobody knows of`] : [];
  const told = [...reasons].map(([what, count]) => `${count} ${what}`);
  const { completed, ...rest } = counts;
  return {
    requests: requests.length,
    ...rest,
    lost: rest.lost + unfinished,
    chargedTwice: Math.abs(used - earlier - completed),
    ...((told.length > 0 || ghosts.length > 0) && { remark: [...told, ...ghosts].join('; ') }),
  };
}

/** Credits spent so far. */
export async function spent({ direct, keyId }: Service): Promise<number> {
  return (await readBalance(direct, keyId)).used;
}
