import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { startLiveService, until } from '../../testing/live-service.ts';

const { call, close, eventsOf, keys, producer, running, submit } = await startLiveService();
after(close);

test('cancelling a running request frees its worker, fails it everywhere and gives its credits back', async () => {
  const balance = async () => (await (await call('/v1/credits', { key: keys.limited })).json()) as object;
  const before = await balance();
  const id = await submit('hold', keys.limited);
  await running(id);
  assert.notDeepEqual(await balance(), before);
  const events = eventsOf(id, keys.limited);
  await until(events, 'status');
  const cancelled = await call(`/v2/requests/${id}`, { method: 'DELETE', key: keys.limited });
  assert.equal(cancelled.status, 200);
  const body = (await cancelled.json()) as Record<string, unknown>;
  assert.deepEqual([body.status, body.error], ['FAILED', 'The request was cancelled']);
  assert.deepEqual((await until(events, 'failed')).data, body);
  assert.equal((await events.next()).done, true);
  const polled = await call(`/v2/requests/${id}/status`, { key: keys.limited });
  assert.equal(polled.status, 422);
  assert.deepEqual(await polled.json(), body);
  // Only a free worker can do this one.
  assert.equal((await producer.waitFor(await submit('a panda'), 10_000))?.status, 'COMPLETED');
  assert.deepEqual(await balance(), before);

  const again = await call(`/v2/requests/${id}`, { method: 'DELETE', key: keys.limited });
  assert.deepEqual([again.status, await again.json()], [200, body]);
});

test('what has ended cannot be cancelled, and what is not the own does not exist', async () => {
  const id = await submit('a panda');
  await producer.waitFor(id, 10_000);
  const late = await call(`/v2/requests/${id}`, { method: 'DELETE' });
  assert.deepEqual(
    [late.status, await late.json()],
    [409, { error: `Request ${id} has already ended as COMPLETED` }],
  );
  for (const [asked, key] of [
    [id, keys.other],
    [randomUUID(), keys.own],
  ] as const) {
    for (const [method, path] of [
      ['DELETE', ''],
      ['GET', '/events'],
    ] as const) {
      const response = await call(`/v2/requests/${asked}${path}`, { method, key });
      assert.deepEqual(
        [response.status, await response.json()],
        [404, { error: `Request ${asked} not found` }],
      );
    }
  }
});
