import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, before } from '../../../testing/hooks.ts';
import { type LiveService, startLiveService, until } from '../../testing/live-service.ts';

/** What clients are told while Redis is away. */

let service: LiveService;
before(async () => {
  service = await startLiveService();
});
after(() => service.close());

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('a waiting v1 call outlives an outage in which its request ends', async () => {
  const answered = service.call('/v1/sdxl-torch', { method: 'POST', body: { prompt: 'hold' } });
  const [id] = await heldIds(1);
  service.proxy.freeze();
  service.proxy.cut();
  service.letGo(id!);
  await pause(2500);
  service.proxy.thaw();
  const response = await answered;
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('x-request-id'), id);
  assert.equal(await response.text(), 'picture');
});

test('a stream of events goes on after an outage', async () => {
  const id = await service.submit('hold');
  await service.running(id);
  const events = service.eventsOf(id);
  await until(events, 'progress');
  service.proxy.freeze();
  service.proxy.cut();
  service.letGo(id);
  await pause(1500);
  service.proxy.thaw();
  assert.equal((await until(events, 'done')).data.request_id, id);
});

test('submits, polls and cancels are 503 within two seconds of a pause, and cost nothing', async () => {
  const id = await service.submit('a panda', service.keys.limited);
  await service.producer.waitFor(id, 10_000);
  service.proxy.freeze();
  const from = performance.now();
  const responses = await Promise.all([
    service.call('/v2/sdxl-torch', {
      method: 'POST',
      key: service.keys.limited,
      body: { prompt: 'a panda' },
    }),
    service.call(`/v2/requests/${id}`, { key: service.keys.limited }),
    service.call(`/v2/requests/${id}`, { method: 'DELETE', key: service.keys.limited }),
  ]);
  assert.deepEqual(
    responses.map(({ status, headers }) => [status, headers.get('retry-after')]),
    Array.from({ length: 3 }, () => [503, '5']),
  );
  assert.ok(performance.now() - from < 2000, `after ${performance.now() - from} ms`);
  service.proxy.thaw();
  while ((await service.call('/v1/credits', { key: service.keys.limited })).status !== 200) await pause(50);
  const answer = await (await service.call('/v1/credits', { key: service.keys.limited })).json();
  assert.deepEqual(answer, { data: { credits: { remaining: 9, used: 1 } } });
});

/** Ids of requests "hold" that a worker has begun. */
async function heldIds(count: number): Promise<string[]> {
  for (;;) {
    const ids = await service.producer.redis.zrange('{sdxl}:deadlines', '0', '-1');
    if (ids.length >= count) {
      await Promise.all(ids.map((id) => service.running(id)));
      return ids;
    }
    await pause(10);
  }
}
