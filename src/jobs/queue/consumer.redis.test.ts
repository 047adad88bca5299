import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { request } from '../../contract/testing/requests.ts';
import type { Generate } from '../generate.ts';
import { JobError, unexplainedFailure } from '../job-error.ts';
import { openEvents } from '../records/events.ts';
import { failRecord } from '../records/records.ts';
import { readOutput } from '../records/stored-pictures.ts';
import { output } from '../testing/outputs.ts';
import { lifetimes, openTestQueue, type TestQueue } from '../testing/queue.ts';
import type { Consumer } from './consumer.ts';

const queue = await openTestQueue();
const { producer } = queue;
after(() => queue.close());

async function withConsumer(generate: Generate, body: (consumer: Consumer) => Promise<void>, options = {}) {
  const consumer = await queue.work(generate, options);
  try {
    await body(consumer);
  } finally {
    await consumer.close();
  }
}

const submit: TestQueue['submit'] = (overrides) => queue.submit(overrides);

test('a request is QUEUED as soon as it is submitted and COMPLETED with its pictures once a worker has it', async () => {
  const id = await submit();
  const queued = await producer.read(id);
  assert.equal(queued?.status, 'QUEUED');
  assert.equal(queued.owner, 'owner');
  assert.deepEqual(queued.request, request);
  await withConsumer(
    async ({ seed }) => output(seed, seed + 1),
    async () => {
      const record = await producer.waitFor(id, 10_000);
      assert.equal(record?.status, 'COMPLETED');
      assert.equal(record.attempts, 1);
      assert.ok(record.submittedAt <= record.startedAt! && record.startedAt! <= record.finishedAt!);
      assert.deepEqual(
        record.result?.images.map(({ seed, contentType, byteLength }) => ({ seed, contentType, byteLength })),
        [
          { seed: 7, contentType: 'image/jpeg', byteLength: 9 },
          { seed: 8, contentType: 'image/jpeg', byteLength: 9 },
        ],
      );
      const picture = await readOutput(producer.redis, record.result!.images[1]!.path);
      assert.equal(picture?.bytes.toString(), 'picture 8');
    },
  );
});

test('an error that may pass is tried once more; one that may not ends the request with its own words', async () => {
  let attempts = 0;
  await withConsumer(
    async ({ prompt, seed }) => {
      if (prompt === 'hopeless') throw new JobError('The picture contains NaN', { retryable: false });
      if (prompt === 'secret') throw new Error('at /srv/secret.ts:12');
      attempts += 1;
      if (attempts === 1) throw new JobError('The engine stopped', { retryable: true });
      return output(seed);
    },
    async () => {
      const [flaky, hopeless, secret] = await Promise.all([
        submit(),
        submit({ prompt: 'hopeless' }),
        submit({ prompt: 'secret' }),
      ]);
      const records = await Promise.all([flaky, hopeless, secret].map((id) => producer.waitFor(id, 15_000)));
      assert.deepEqual(
        records.map((record) => [record?.status, record?.attempts, record?.error]),
        [
          ['COMPLETED', 2, undefined],
          ['FAILED', 1, 'The picture contains NaN'],
          ['FAILED', 2, unexplainedFailure],
        ],
      );
    },
  );
});

test('a worker that shuts down gives its job back at once, and the attempt does not count', async () => {
  const id = await submit();
  let begin: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const stuck = await queue.work(() => {
    begin();
    return new Promise(() => undefined);
  });
  await begun;
  assert.equal((await producer.read(id))?.status, 'PROCESSING');
  await stuck.close();
  const waiting = await producer.read(id);
  assert.deepEqual([waiting?.status, waiting?.attempts], ['QUEUED', 0]);
  await withConsumer(
    async ({ seed }) => output(seed),
    async () => {
      const record = await producer.waitFor(id, 10_000);
      assert.deepEqual([record?.status, record?.attempts], ['COMPLETED', 1]);
    },
  );
});

test('a job whose lock was lost is aborted and ends where it is taken up again', async () => {
  const reasons: unknown[] = [];
  let runs = 0;
  await withConsumer(
    async ({ seed }, { id, signal }) => {
      runs += 1;
      if (runs > 1) return output(seed);
      await producer.redis.del(await producer.redis.keys(`{sdxl}:generations-*:${id}:lock`));
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      reasons.push(signal.reason);
      throw new Error('aborted');
    },
    async () => {
      const record = await producer.waitFor(await submit(), 15_000);
      assert.deepEqual([record?.status, record?.attempts], ['COMPLETED', 2]);
      assert.deepEqual(reasons, ['lost-lock']);
    },
    { lockDurationMs: 400, stalledIntervalMs: 200 },
  );
});

test('a job is aborted when it is cancelled, and its request says so', async () => {
  await withConsumer(
    (_, { signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
      }),
    async (consumer) => {
      const id = await submit();
      while (!consumer.cancel(id)) await new Promise((resolve) => setTimeout(resolve, 10));
      const record = await producer.waitFor(id, 10_000);
      assert.deepEqual([record?.status, record?.error], ['FAILED', 'The request was cancelled']);
    },
  );
});

test('pictures that come after the request has ended are not kept', async () => {
  await withConsumer(
    async ({ seed }, { id }) => {
      await failRecord(producer.redis, id, 'ended elsewhere', lifetimes);
      return output(seed);
    },
    async () => {
      const id = await submit();
      const record = await producer.waitFor(id, 10_000);
      assert.deepEqual([record?.status, record?.error], ['FAILED', 'ended elsewhere']);
      // The worker goes on to the next request only after it has put the first one away.
      await producer.waitFor(await submit(), 10_000);
      assert.deepEqual(await producer.redis.keys(`{sdxl}:output:${id}/*`), []);
    },
  );
});

test('a listener hears the steps of its own job, and at its end where its picture is', async () => {
  const events = await openEvents(queue.redis.url, assert.ifError);
  const id = randomUUID();
  const heard: string[] = [];
  let picture: string | undefined;
  const unsubscribe = events.subscribe(id, (event, _, path) => {
    heard.push(event);
    picture ??= path;
  });
  await withConsumer(
    async ({ seed, samples, steps }, { progress }) => {
      progress({ sample: 0, samples, step: 1, steps });
      return output(seed);
    },
    async () => {
      await producer.submit(id, 'owner', request);
      await submit();
      while (heard.at(-1) !== 'finished') await new Promise((resolve) => setTimeout(resolve, 10));
      assert.ok(heard.includes('changed'));
      assert.equal(heard.filter((event) => event === 'finished').length, 1);
      const record = await producer.read(id);
      assert.equal(picture, record!.result!.images[0]!.path);
    },
  );
  unsubscribe();
  events.close();
});
