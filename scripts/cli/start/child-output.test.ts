import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readableLine } from './child-output.ts';

const time = new Date(2026, 0, 2, 3, 4, 5).getTime();
const pinoLine = (fields: object) =>
  JSON.stringify({ level: 30, time, pid: 1, hostname: 'h', name: 'worker', ...fields });

test('a pino line becomes time, level, message and its own fields', () => {
  const line = pinoLine({ msg: 'engine ready', loadSeconds: 1.5, models: ['a'], path: '/x', say: 'a b' });
  assert.equal(
    readableLine(line),
    '03:04:05 info engine ready loadSeconds=1.5 models=["a"] path=/x say="a b"',
  );
});

test('an error shows class, message and stack at every level, and its causes and parts below it', () => {
  const err = { type: 'Error', message: 'broken', stack: 'Error: broken\n    at f' };
  assert.equal(
    readableLine(pinoLine({ level: 50, msg: 'm', err })),
    '03:04:05 error m\nError: broken\n    at f',
  );
  const cause = { type: 'AggregateError', message: '', code: 'ECONNREFUSED', errors: [err] };
  assert.equal(
    readableLine(pinoLine({ level: 40, msg: 'm', id: 7, err: { ...err, cause } })),
    [
      '03:04:05 warn m id=7',
      'Error: broken',
      '    at f',
      'caused by AggregateError:  (ECONNREFUSED)',
      'one of them: Error: broken',
      '    at f',
    ].join('\n'),
  );
});

for (const line of ['plain text', '{"level":', '{"no": "log"}', '[1]', '']) {
  test(`${JSON.stringify(line)} passes as it is`, () => assert.equal(readableLine(line), line));
}
