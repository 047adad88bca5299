import assert from 'node:assert/strict';
import { test } from 'node:test';
import vm from 'node:vm';
import { messageChain, serializeError } from './serialize-error.ts';

class QueueError extends Error {}

test('an error keeps class, message, stack, code and the whole chain of its causes', () => {
  const root = Object.assign(new RangeError('no space'), { code: 'ENOSPC' });
  const { stack, ...error } = serializeError(
    new QueueError('not stored', { cause: new TypeError('write failed', { cause: root }) }),
  );
  assert.match(stack!, /^Error: not stored\n\s+at .*serialize-error\.test\.ts/);
  assert.equal(error.type, 'QueueError');
  assert.equal(error.message, 'not stored');
  assert.equal(error.cause?.type, 'TypeError');
  assert.match(error.cause?.stack ?? '', /^TypeError: write failed\n\s+at /);
  assert.deepEqual(
    [error.cause?.cause?.type, error.cause?.cause?.message, error.cause?.cause?.code],
    ['RangeError', 'no space', 'ENOSPC'],
  );
});

test('an AggregateError keeps each of its errors', () => {
  const error = new AggregateError([new Error('::1 refused'), 'and a text'], 'all failed');
  const { type, errors } = serializeError(error);
  assert.equal(type, 'AggregateError');
  assert.deepEqual(
    errors?.map(({ type, message }) => [type, message]),
    [
      ['Error', '::1 refused'],
      ['string', 'and a text'],
    ],
  );
});

test('an error of Redis keeps the name of its command and none of its arguments', () => {
  // As redis-parser and ioredis make it: a name on the prototype, the command hung on it.
  const reply = Object.assign(new Error('WRONGTYPE Operation against a key'), {
    name: 'ReplyError',
    command: { name: 'hset', args: ['sdxl:request:1', 'a secret prompt'] },
  });
  const error = serializeError(reply);
  assert.deepEqual([error.type, error.command], ['ReplyError', 'hset']);
  assert.doesNotMatch(JSON.stringify(error), /secret prompt/);
});

const thrown: [value: unknown, type: string, message: string][] = [
  ['a text', 'string', 'a text'],
  [undefined, 'undefined', 'undefined'],
  [null, 'null', 'null'],
  [42n, 'bigint', '42n'],
  [Symbol('s'), 'symbol', 'Symbol(s)'],
  [{ code: 7 }, 'Object', '{ code: 7 }'],
  [['a', 1], 'Array', "[ 'a', 1 ]"],
  [Object.create(null), 'Object', '[Object: null prototype] {}'],
];
for (const [value, type, message] of thrown)
  test(`what is thrown without being an error says what it is: ${message}`, () => {
    assert.deepEqual(serializeError(value), { type, message });
  });

test('an error of another realm and one that is serialised already are taken as they are', () => {
  const foreign = serializeError(vm.runInNewContext("new TypeError('from elsewhere')"));
  assert.deepEqual([foreign.type, foreign.message], ['TypeError', 'from elsewhere']);
  assert.match(foreign.stack!, /from elsewhere/);
  assert.deepEqual(serializeError(foreign), foreign);
});

test('causes that go round in a circle and getters that throw end the chain, not the process', () => {
  const one = new Error('one');
  const other = new Error('other', { cause: one });
  one.cause = other;
  const { cause } = serializeError(one);
  assert.deepEqual(cause?.cause, { type: 'Circular', message: 'an error further up' });
  const self = new Error('self');
  self.cause = self;
  assert.equal(serializeError(self).cause?.type, 'Circular');
  const hostile = new Error('hostile');
  Object.defineProperty(hostile, 'code', {
    get: () => {
      throw new Error('getter');
    },
  });
  assert.equal(serializeError(hostile).message, 'hostile');
});

test('the chain of messages in one line repeats nothing', () => {
  const cause = Object.assign(new AggregateError([new Error('connect ECONNREFUSED 127.0.0.1:1')]), {
    code: 'ECONNREFUSED',
  });
  assert.equal(
    messageChain(new Error('Redis is away', { cause })),
    'Redis is away: ECONNREFUSED: connect ECONNREFUSED 127.0.0.1:1',
  );
  const inner = new Error('not there');
  assert.equal(messageChain(new Error('the engine: not there', { cause: inner })), 'the engine: not there');
  assert.equal(messageChain('a text'), 'a text');
});
