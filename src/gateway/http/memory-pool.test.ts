import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../../contract/errors.ts';
import { createMemoryPool } from './memory-pool.ts';

const options = { bytes: 100, waitMs: 50, mostWaiting: 3, busy: 'busy' };
const refused = (error: unknown) =>
  error instanceof ApiError && error.status === 503 && error.message === 'busy';

test('bytes are given while there are any, and given back once', async () => {
  const pool = createMemoryPool(options);
  const first = await pool.take(60, 'a');
  await pool.take(40, 'b');
  await assert.rejects(pool.take(1, 'c'), refused);
  first();
  first();
  await pool.take(60, 'c');
  await assert.rejects(pool.take(1, 'd'), refused);
});

test('who came first is served first, and nobody slips past', async () => {
  const pool = createMemoryPool(options);
  const release = await pool.take(100, 'a');
  const served: string[] = [];
  const waiting = ['b', 'c', 'd'].map(async (owner) => {
    const give = await pool.take(owner === 'b' ? 90 : 20, owner);
    served.push(owner);
    give();
  });
  release();
  await Promise.all(waiting);
  assert.deepEqual(served, ['b', 'c', 'd']);
});

test('further ones are refused at once where enough wait', async () => {
  const pool = createMemoryPool({ ...options, waitMs: 60_000 });
  const release = await pool.take(100, 'a');
  const waiting = [1, 2, 3].map(() => pool.take(1, 'b'));
  await assert.rejects(pool.take(1, 'c'), refused);
  release();
  for (const give of await Promise.all(waiting)) give();
});

test('what is larger than everything is let in alone', async () => {
  const pool = createMemoryPool(options);
  const release = await pool.take(500, 'a');
  await assert.rejects(pool.take(1, 'b'), refused);
  release();
  (await pool.take(1, 'b'))();
});

test('nobody has more than half while others wait', async () => {
  const pool = createMemoryPool({ ...options, waitMs: 60_000 });
  const first = await pool.take(50, 'a');
  const second = await pool.take(50, 'a');
  const served: string[] = [];
  const take = async (owner: string) => {
    const give = await pool.take(30, owner);
    served.push(owner);
    return give;
  };
  const greedy = take('a');
  const modest = take('b');
  second();
  (await modest)();
  first();
  (await greedy)();
  assert.deepEqual(served, ['b', 'a']);
});
