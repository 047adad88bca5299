import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startLiveService } from '../../testing/live-service.ts';

const { call, close, keys, producer } = await startLiveService();
after(close);

test('a hundred submits at once under one Idempotency-Key make one job and one charge', async () => {
  const credits = async () =>
    (
      (await (await call('/v1/credits', { key: keys.limited })).json()) as {
        data: { credits: { remaining: number } };
      }
    ).data.credits.remaining;
  const before = await credits();
  const retry = () =>
    call('/v2/sdxl-torch', {
      method: 'POST',
      key: keys.limited,
      headers: { 'idempotency-key': 'order 7' },
      body: { prompt: 'a panda', samples: 2 },
    });
  const replies = await Promise.all(Array.from({ length: 100 }, retry));
  assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200]);
  const ids = new Set(
    await Promise.all(
      replies.map(async (reply) => ((await reply.json()) as { request_id: string }).request_id),
    ),
  );
  assert.equal(ids.size, 1);
  assert.equal(await credits(), before - 2);
  const [id] = ids;
  await producer.waitFor(id!, 10_000);
  // Later too, and with the fields in another order.
  const later = await call('/v2/sdxl-torch', {
    method: 'POST',
    key: keys.limited,
    headers: { 'idempotency-key': 'order 7' },
    body: { samples: 2, prompt: 'a panda' },
  });
  assert.equal(((await later.json()) as { request_id: string }).request_id, id);
  assert.equal(await credits(), before - 2);
});

test('an Idempotency-Key with another body is 409, of somebody else another request, and has a length', async () => {
  const send = (prompt: string, idempotencyKey: string, key = keys.own) =>
    call('/v2/sdxl-torch', {
      method: 'POST',
      key,
      headers: { 'idempotency-key': idempotencyKey },
      body: { prompt },
    });
  const first = (await (await send('a panda', 'k')).json()) as { request_id: string };
  const other = await send('a fox', 'k');
  assert.deepEqual(
    [other.status, await other.json()],
    [409, { error: 'The Idempotency-Key was used with another body' }],
  );
  const foreign = (await (await send('a panda', 'k', keys.other)).json()) as { request_id: string };
  assert.notEqual(foreign.request_id, first.request_id);
  assert.equal((await send('a panda', 'k'.repeat(256))).status, 400);
});
