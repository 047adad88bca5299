import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unlessAborted } from './unless-aborted.ts';

test('what comes before the signal is given, also as an error', async () => {
  const { signal } = new AbortController();
  assert.equal(await unlessAborted(Promise.resolve(7), signal, 'late'), 7);
  await assert.rejects(unlessAborted(Promise.reject(new Error('own')), signal, 'late'), { message: 'own' });
});

test('an aborted signal ends the waiting with the reason, whether it was aborted before or comes later', async () => {
  const never = new Promise<never>(() => undefined);
  await assert.rejects(unlessAborted(never, AbortSignal.abort(), 'gone'), { message: 'gone' });
  const stop = new AbortController();
  const waiting = assert.rejects(unlessAborted(never, stop.signal, 'stopped'), { message: 'stopped' });
  stop.abort();
  await waiting;
});
