import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Connection } from '../redis/connection.ts';
import { output } from '../testing/outputs.ts';
import { openTestQueue } from '../testing/queue.ts';
import type { JobEvents, JobListener } from './events.ts';
import { startRecord, storeProgress } from './records.ts';
import { type RequestEvent, watchRequest } from './watch.ts';

const never = new AbortController().signal;

const queue = await openTestQueue();
const { producer } = queue;
after(() => queue.close());

/** An event in a few words. */
function told(event: RequestEvent): string {
  switch (event.type) {
    case 'state':
      return event.record.status;
    case 'position':
      return `place ${event.position}`;
    case 'progress':
      return `step ${event.progress.step} of ${event.progress.steps}`;
    case 'preview':
      return String(event.jpeg);
    case 'heartbeat':
      return 'heartbeat';
  }
}

async function untilTold(events: AsyncGenerator<RequestEvent, void>, last: string): Promise<string[]> {
  const heard: string[] = [];
  for (;;) {
    const next = await events.next();
    if (next.done) throw new Error(`ended without ${last}: ${heard}`);
    heard.push(told(next.value));
    if (heard.at(-1) === last) return heard;
  }
}

test('a follower is told the place in the queue, the steps, the previews and the end', async (t) => {
  const ids = [await queue.submit(), await queue.submit(), await queue.submit()];
  const events = producer.watch(ids[2]!, never);
  assert.deepEqual(await untilTold(events, 'place 3'), ['QUEUED', 'place 3']);

  const gates = new Map<string, () => void>();
  const consumer = await queue.work(async ({ seed, steps, samples }, { id, progress }) => {
    progress({ sample: 0, samples, step: 1, steps });
    progress({ sample: 0, samples, step: 2, steps }, Buffer.from('small picture'));
    await new Promise<void>((resolve) => gates.set(id, resolve));
    return output(seed);
  });
  t.after(() => consumer.close());
  const pass = async (id: string) => {
    while (!gates.has(id)) await new Promise((resolve) => setTimeout(resolve, 5));
    gates.get(id)!();
  };
  await pass(ids[0]!);
  assert.deepEqual((await untilTold(events, 'place 1')).at(-1), 'place 1');
  await pass(ids[1]!);
  const running = await untilTold(events, 'small picture');
  assert.equal(running[0], 'PROCESSING');
  // A preview is there a moment before the step it came with.
  if (!running.includes('step 2 of 20')) await untilTold(events, 'step 2 of 20');

  // Somebody who comes late is told how it stands.
  const late = producer.watch(ids[2]!, never);
  assert.deepEqual(await untilTold(late, 'small picture'), ['PROCESSING', 'step 2 of 20', 'small picture']);
  await pass(ids[2]!);
  for (const follower of [events, late]) {
    await untilTold(follower, 'COMPLETED');
    assert.equal((await follower.next()).done, true);
  }
  assert.deepEqual(await producer.redis.keys('{sdxl}:preview:*'), []);
});

test('a step that is heard while the one before is being read is told', { timeout: 20_000 }, async () => {
  const id = await queue.submit();
  const step = (at: number) => ({ sample: 0, samples: 1, step: at, steps: 20 });
  await startRecord(producer.redis, id, 'run');
  await storeProgress(producer.redis, id, step(1));
  let listener: JobListener = () => undefined;
  const events: JobEvents = {
    subscribe: (_, given) => {
      listener = given;
      return () => undefined;
    },
    onQueueMoved: () => () => undefined,
    close: () => undefined,
  };
  const redis: Connection = Object.create(producer.redis, {
    hget: {
      value: async (key: string, field: string) => {
        const stored = await producer.redis.hget(key, field);
        listener('changed', step(2));
        return stored;
      },
    },
  });
  const follower = watchRequest({ redis, events, read: producer.read }, id, never);
  assert.equal((await untilTold(follower, 'step 2 of 20'))[0], 'PROCESSING');
  await follower.return();
  await producer.cancel(id);
});

test('an ended request is told in one event', async () => {
  const id = await queue.submit();
  await producer.cancel(id);
  const events = producer.watch(id, never);
  assert.deepEqual(await untilTold(events, 'FAILED'), ['FAILED']);
  assert.equal((await events.next()).done, true);
});

test('a follower of a request that is cancelled is told so', async () => {
  const id = await queue.submit();
  const events = producer.watch(id, never);
  await untilTold(events, 'place 1');
  await producer.cancel(id);
  assert.deepEqual(await untilTold(events, 'FAILED'), ['FAILED']);
});

test('while nothing happens there are heartbeats, and an abort ends them', async () => {
  const id = await queue.submit();
  const aborter = new AbortController();
  const events = producer.watch(id, aborter.signal, 10);
  await untilTold(events, 'heartbeat');
  const next = events.next();
  aborter.abort();
  while (!(await next).done && !(await events.next()).done);
  await producer.cancel(id);
});

test('many followers share the reader of the event stream', async () => {
  const id = await queue.submit();
  const clients = async () => String(await producer.redis.client('LIST')).split('\n').length;
  const before = await clients();
  const followers = Array.from({ length: 50 }, () => producer.watch(id, never));
  await Promise.all(followers.map((follower) => untilTold(follower, 'place 1')));
  assert.equal(await clients(), before);
  await producer.cancel(id);
  await Promise.all(followers.map((follower) => untilTold(follower, 'FAILED')));
});
