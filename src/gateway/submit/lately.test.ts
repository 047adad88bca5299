import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LatelyOptions, lately } from './lately.ts';

/** Reads 1, 2, 3 ... while a clock stands where it was put. */
function counter(options: Partial<LatelyOptions<number>> = {}) {
  const clock = { ms: 0 };
  let reads = 0;
  const value = lately(async () => ++reads, { maxAgeMs: 100, now: () => clock.ms, ...options });
  return { clock, value, reads: () => reads };
}

test('a young value is not read again', async () => {
  const { clock, value, reads } = counter();
  assert.equal(await value(), 1);
  clock.ms = 49;
  assert.equal(await value(), 1);
  assert.equal(reads(), 1);
});

test('one that ages is used once more while another is read; one that is too old is waited for', async () => {
  const { clock, value } = counter();
  assert.equal(await value(), 1);
  clock.ms = 50;
  assert.equal(await value(), 1);
  assert.equal(await value(), 2);
  clock.ms = 150;
  assert.equal(await value(), 3);
});

test('who asks while it is read shares the answer', async () => {
  const { value, reads } = counter();
  assert.deepEqual(await Promise.all([value(), value(), value()]), [1, 1, 1]);
  assert.equal(reads(), 1);
});

test('a value that is not believed is read again each time', async () => {
  const { value } = counter({ isKept: (value) => value > 2 });
  const values: number[] = [];
  for (let time = 0; time < 4; time++) values.push(await value());
  assert.deepEqual(values, [1, 2, 3, 3]);
});

test('a failure is told to who waits, and the next one reads again', async () => {
  const clock = { ms: 0 };
  let isAway = false;
  const read = async () => {
    if (isAway) throw new Error('away');
    return clock.ms;
  };
  const value = lately(read, { maxAgeMs: 100, now: () => clock.ms });
  assert.equal(await value(), 0);
  isAway = true;
  clock.ms = 60;
  assert.equal(await value(), 0);
  clock.ms = 120;
  await assert.rejects(value(), /away/);
  isAway = false;
  assert.equal(await value(), 120);
});
