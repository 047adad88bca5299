import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startLiveService, until } from '../../testing/live-service.ts';

const { base, close, eventsOf, followed, keys, letGo, poll, producer, running, submit } =
  await startLiveService();
after(close);

test('the stream and polling tell the same of a request from its queue to its result', async () => {
  const first = await submit('hold');
  await running(first);
  const second = await submit('hold');
  const events = eventsOf(second);
  assert.deepEqual((await until(events, 'status')).data, await poll(`/v2/requests/${second}/status`));
  assert.deepEqual((await until(events, 'position')).data, { position: 1 });
  await until(events, '');
  letGo(first);

  const started = await until(events, 'status');
  assert.deepEqual(started.data, await poll(`/v2/requests/${second}/status`));
  assert.equal(started.data.status, 'PROCESSING');
  let step = await until(events, 'progress');
  while (step.data.step !== 3) step = await until(events, 'progress');
  assert.deepEqual(step.data, { sample: 0, samples: 1, step: 3, steps: 25 });
  assert.deepEqual((await until(events, 'preview')).data, {
    image: `data:image/jpeg;base64,${Buffer.from('jpeg').toString('base64')}`,
  });

  const late = eventsOf(second);
  assert.deepEqual((await until(late, 'progress')).data, { sample: 0, samples: 1, step: 3, steps: 25 });
  letGo(second);
  for (const stream of [events, late]) {
    assert.deepEqual((await until(stream, 'done')).data, await poll(`/v2/requests/${second}`));
    assert.equal((await stream.next()).done, true);
  }
});

test('a finished request is told in one event', async () => {
  const id = await submit('a panda');
  await producer.waitFor(id, 10_000);
  const heard = [];
  for await (const message of eventsOf(id)) heard.push(message);
  assert.deepEqual(heard, [{ event: 'done', data: await poll(`/v2/requests/${id}`) }]);
});

test('a client that hangs up is no longer followed', async () => {
  const id = await submit('hold');
  await running(id);
  const aborter = new AbortController();
  const response = await fetch(`${base}/v2/requests/${id}/events`, {
    headers: { 'x-api-key': keys.own },
    signal: aborter.signal,
  });
  await response.body!.getReader().read();
  assert.equal(followed(), 1);
  aborter.abort();
  while (followed() > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  letGo(id);
  assert.equal((await producer.waitFor(id, 10_000))?.status, 'COMPLETED');
});
