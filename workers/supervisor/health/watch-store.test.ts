import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ResultStore, StoreError } from '../../../src/results/result-store.ts';
import { silentLog } from '../../testing/queue.ts';
import { watchStore } from './watch-store.ts';

test('a store is unusable from its first failure until it takes something again, and that is told', async () => {
  const kept = new Map<string, Buffer>();
  let isBroken = false;
  const own: ResultStore = {
    name: 'memory',
    put: async (path, bytes) => {
      if (isBroken) throw new StoreError('no room');
      kept.set(path, Buffer.from(bytes));
    },
    get: async (path) => kept.get(path),
    delete: async (path) => void kept.delete(path),
  };
  const back = Promise.withResolvers<void>();
  const { store, isUsable, stop } = watchStore(own, silentLog, back.resolve, 5);
  const put = () => store.put('a', Buffer.from('x'), 'image/png');
  await put();
  assert.equal(isUsable(), true);
  isBroken = true;
  await assert.rejects(put(), StoreError);
  assert.equal(isUsable(), false);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(isUsable(), false, 'probes fail too');
  isBroken = false;
  await back.promise;
  assert.equal(isUsable(), true);
  assert.deepEqual([...kept.keys()], ['a'], 'probes leave nothing');
  stop();
});
