import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { whenIdle } from './when-idle.ts';

test('an idle engine acts once after its last work, and not between works that follow one another', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let acts = 0;
  const errors: unknown[] = [];
  const act = async (): Promise<void> => {
    if (++acts === 2) throw new Error('no device');
  };
  const during = whenIdle(act, 1000, (error) => errors.push(error));
  for (let work = 0; work < 3; work++) {
    assert.equal(await during(async () => work), work);
    t.mock.timers.tick(999);
  }
  assert.equal(acts, 0);
  t.mock.timers.tick(1);
  assert.equal(acts, 1);
  t.mock.timers.tick(5000);
  assert.equal(acts, 1);

  await assert.rejects(
    during(() => Promise.reject(new Error('failed'))),
    /failed/,
  );
  t.mock.timers.tick(1000);
  t.mock.timers.reset();
  await setTimeout(0);
  assert.deepEqual([acts, (errors[0] as Error).message], [2, 'no device']);
});
