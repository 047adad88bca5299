import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureText } from './report-failure.ts';

test('a failure is told by its message, without what is secret', () => {
  const error = new Error('GET https://me:pass@host/file?token=abc: 403', { cause: new Error('inner') });
  assert.equal(failureText(error, {}), 'GET https://***@host/file?***: 403');
});

test('an error of the platform is told with its causes', () => {
  const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' });
  assert.equal(
    failureText(new TypeError('fetch failed', { cause }), {}),
    'fetch failed: connect ECONNREFUSED 127.0.0.1:1',
  );
  assert.equal(failureText('a text', {}), 'a text');
});

test('the stack is shown to whoever asks for it', () => {
  assert.match(failureText(new Error('broken'), { LOG_LEVEL: 'debug' }), /^broken\nError: broken\n\s+at /);
});
