import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createProcessLogger } from './logger.ts';
import type { SerializedError } from './serialize-error.ts';

function logged(log: (logger: ReturnType<typeof createProcessLogger>) => void): Record<string, unknown> {
  const lines: string[] = [];
  log(createProcessLogger('worker', 'info', { destination: { write: (line) => void lines.push(line) } }));
  return JSON.parse(lines.join('')) as Record<string, unknown>;
}

for (const key of ['err', 'error', 'cause'])
  test(`an error under "${key}" has class, message, stack and causes`, () => {
    const error = new TypeError('broken', { cause: new RangeError('deep') });
    const line = logged((logger) => logger.warn({ [key]: error }, 'it happened'));
    const { type, message, stack, cause } = line[key] as SerializedError;
    assert.deepEqual(
      [type, message, cause?.type, cause?.message],
      ['TypeError', 'broken', 'RangeError', 'deep'],
    );
    assert.match(stack!, /logger\.test\.ts/);
    assert.match(cause!.stack!, /logger\.test\.ts/);
    assert.deepEqual([line.name, line.msg], ['worker', 'it happened']);
  });

test('an error that is logged bare or through a child logger has them too', () => {
  const bare = logged((logger) => logger.error(new RangeError('bare')));
  assert.equal((bare.err as SerializedError).type, 'RangeError');
  const child = logged((logger) => logger.child({ id: 1 }).error({ err: 'a text' }, 'm'));
  assert.deepEqual(child.err, { type: 'string', message: 'a text' });
});

test('no secret leaves in any field, and the line stays JSON', () => {
  const error = new Error('fetch https://u:p"w@h/a?sig=1 failed', {
    cause: new Error('SG_0123456789abcdef'),
  });
  const line = logged((logger) => logger.error({ err: error, url: 'redis://:p@ss@h' }, 'Bearer abcdef'));
  assert.doesNotMatch(JSON.stringify(line), /p@ss|sig=1|0123456789abcdef|abcdef/);
  assert.equal(line.msg, 'Bearer ***');
});
