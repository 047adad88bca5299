import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import type { SerializedError } from '../../process/serialize-error.ts';
import { installErrorHandling } from './errors.ts';
import { createLogger } from './logging.ts';

/** Lines that the gateway's logger writes while a route fails with that. */
async function linesOf(thrown: unknown): Promise<Record<string, unknown>[]> {
  const lines: string[] = [];
  const loggerInstance: FastifyBaseLogger = createLogger('info', {
    write: (line) => void lines.push(line),
  });
  const app: FastifyInstance = Fastify({ loggerInstance });
  installErrorHandling(app);
  app.get('/', async () => {
    throw thrown;
  });
  const { statusCode } = await app.inject({ url: '/', headers: { 'x-api-key': 'SG_0123456789abcdef' } });
  assert.equal(statusCode, 500);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('an error in a route is in the log with class, message, stack and causes', async () => {
  const error = new TypeError('cannot read', { cause: new AggregateError([new RangeError('one')], 'many') });
  const line = (await linesOf(error)).find(({ msg }) => msg === 'request failed');
  const { type, message, stack, cause } = line!.err as SerializedError;
  assert.deepEqual([type, message], ['TypeError', 'cannot read']);
  assert.match(stack!, /logging\.test\.ts/);
  assert.deepEqual([cause?.type, cause?.errors?.[0]?.message], ['AggregateError', 'one']);
});

test('what a route throws without being an error is in the log as what it is, and no key is', async () => {
  const lines = await linesOf('just a text');
  assert.ok(
    lines.some(({ err }) => JSON.stringify(err) === '{"type":"string","message":"just a text"}'),
    JSON.stringify(lines),
  );
  assert.doesNotMatch(JSON.stringify(lines), /0123456789abcdef/);
});
