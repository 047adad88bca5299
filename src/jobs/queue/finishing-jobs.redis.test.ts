import assert from 'node:assert/strict';
import { after, afterEach, test } from 'node:test';
import type { Generate, GenerationOutput } from '../generate.ts';
import { output } from '../testing/outputs.ts';
import { openTestQueue } from '../testing/queue.ts';
import type { Consumer } from './consumer.ts';

const queue = await openTestQueue();
const { producer } = queue;
let consumer: Consumer;
afterEach(() => consumer.close());
after(() => queue.close());
const bounded = { timeout: 30_000 };

/** Makes pictures at once and hands them over when told to; says what it does by the prompts of its jobs. */
function watched() {
  const handOver = new Map<string, PromiseWithResolvers<void>>();
  const begun: string[] = [];
  const of = (prompt: string) => {
    const known = handOver.get(prompt) ?? Promise.withResolvers<void>();
    handOver.set(prompt, known);
    return known;
  };
  const generate: Generate = async ({ prompt, seed }, { computed, signal }): Promise<GenerationOutput> => {
    begun.push(prompt);
    computed();
    const stopped = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => stopped.reject(new Error('stopped')), { once: true });
    await Promise.race([of(prompt).promise, stopped.promise]);
    return output(seed);
  };
  return { generate, begun, handOver: (prompt: string) => of(prompt).resolve() };
}

const until = async (isSo: () => boolean): Promise<void> => {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
};

test(
  'the next job begins while the pictures of one are finished, a third only when the first is stored',
  bounded,
  async () => {
    const { generate, begun, handOver } = watched();
    const ids = [];
    for (const prompt of ['first', 'second', 'third']) ids.push(await queue.submit({ prompt }));
    consumer = await queue.work(generate);
    await until(() => begun.length === 2);
    assert.equal((await producer.read(ids[0]!))?.status, 'PROCESSING');
    handOver('second');
    const second = await producer.waitFor(ids[1]!, 10_000);
    assert.equal(second?.status, 'COMPLETED');
    assert.deepEqual(begun, ['first', 'second']);
    handOver('first');
    handOver('third');
    for (const id of ids) {
      const record = await producer.waitFor(id, 10_000);
      assert.deepEqual(
        [record?.status, record?.attempts, record?.result?.images.length],
        ['COMPLETED', 1, 1],
      );
    }
  },
);

test('each of two jobs in hand is cancelled by its own name', bounded, async () => {
  const { generate, begun, handOver } = watched();
  const [first, second] = [await queue.submit({ prompt: 'first' }), await queue.submit({ prompt: 'second' })];
  consumer = await queue.work(generate);
  await until(() => begun.length === 2);
  assert.equal(consumer.cancel(first), true);
  assert.equal((await producer.waitFor(first, 10_000))?.status, 'FAILED');
  handOver('second');
  assert.equal((await producer.waitFor(second, 10_000))?.status, 'COMPLETED');
});

test('a worker that leaves gives both of its jobs back, and another one makes them', bounded, async () => {
  const { generate, begun } = watched();
  const ids = [await queue.submit({ prompt: 'first' }), await queue.submit({ prompt: 'second' })];
  consumer = await queue.work(generate);
  await until(() => begun.length === 2);
  await consumer.close();
  for (const id of ids) assert.equal((await producer.read(id))?.status, 'QUEUED');
  const order: number[] = [];
  consumer = await queue.work(async ({ seed }) => output(order.push(seed)));
  for (const id of ids) assert.equal((await producer.waitFor(id, 10_000))?.status, 'COMPLETED');
});

test(
  'a store that fails while the next job is made costs that job nothing, and its own is tried again',
  bounded,
  async () => {
    const begun: string[] = [];
    let fails = true;
    const both = Promise.withResolvers<void>();
    const generate: Generate = async ({ prompt, seed }, { computed }) => {
      begun.push(prompt);
      computed();
      if (begun.length === 2) both.resolve();
      await both.promise;
      if (prompt === 'first' && fails) {
        fails = false;
        throw new Error('the pictures could not be encoded');
      }
      return output(seed);
    };
    const ids = [await queue.submit({ prompt: 'first' }), await queue.submit({ prompt: 'second' })];
    consumer = await queue.work(generate);
    const [first, second] = await Promise.all(ids.map((id) => producer.waitFor(id, 20_000)));
    assert.deepEqual([first?.status, first?.attempts], ['COMPLETED', 2]);
    assert.deepEqual([second?.status, second?.attempts], ['COMPLETED', 1]);
  },
);
