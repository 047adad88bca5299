import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTurns } from './turns.ts';

test('pieces of work run in order with turns of the event loop between them, also after one that fails', async () => {
  const turn = createTurns();
  const seen: string[] = [];
  const done = [1, 2, 3].map((piece) =>
    turn(() => {
      seen.push(`piece ${piece}`);
      if (piece === 2) throw new Error('two');
      return piece;
    }),
  );
  const other = setInterval(() => seen.push('other'), 0);
  const ends = await Promise.allSettled(done);
  clearInterval(other);
  assert.deepEqual(
    ends.map((end) => (end.status === 'fulfilled' ? end.value : (end.reason as Error).message)),
    [1, 'two', 3],
  );
  assert.deepEqual(
    seen.filter((each) => each !== 'other'),
    ['piece 1', 'piece 2', 'piece 3'],
  );
});
