import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createQueueSigns } from './queue-signs.ts';

const seenEmpty = () => {
  const signs = createQueueSigns(['base', 'other']);
  signs.looking();
  signs.found(0);
  return signs;
};

test('after all queues were empty, the one queue that has got a job is known, once', () => {
  const signs = seenEmpty();
  signs.heard('base');
  signs.heard('base');
  assert.equal(signs.take(), 'base');
  assert.equal(signs.take(), undefined);
});

test('what was heard while the queues were looked into counts', () => {
  const signs = createQueueSigns(['base']);
  signs.looking();
  signs.heard('base');
  signs.found(0);
  assert.equal(signs.take(), 'base');
});

test('where more may have happened nothing is known', () => {
  const silent = seenEmpty();
  const two = seenEmpty();
  two.heard('base');
  two.heard('other');
  const unclear = seenEmpty();
  unclear.heard('base');
  unclear.heard('');
  const foreign = seenEmpty();
  foreign.heard('base');
  foreign.heard('a route of other workers');
  const filled = createQueueSigns(['base']);
  filled.looking();
  filled.found(1);
  filled.heard('base');
  const fresh = createQueueSigns(['base']);
  fresh.heard('base');
  for (const signs of [silent, two, unclear, foreign, filled, fresh]) assert.equal(signs.take(), undefined);
});
