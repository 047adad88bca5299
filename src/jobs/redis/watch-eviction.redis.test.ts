import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { startPrivateRedis } from '../testing/redis-server.ts';
import { connect, failFastOptions } from './connection.ts';
import { watchEviction } from './watch-eviction.ts';

test('an eviction policy that is changed and mended is told once each', { timeout: 30_000 }, async (t) => {
  const server = await startPrivateRedis();
  const redis = await connect(server.url, failFastOptions(), assert.ifError);
  const lines: string[] = [];
  const write = (fields: object, message: string) => {
    const { err } = fields as { err?: Error };
    lines.push(`${message}: ${err?.message}`);
  };
  const stop = watchEviction(redis, { info: write, warn: write, error: write }, 20);
  t.after(async () => {
    stop();
    redis.disconnect();
    await server.remove();
  });
  const told = async (message: RegExp): Promise<void> => {
    while (!lines.some((line) => message.test(line))) await setTimeout(10);
  };
  await redis.config('SET', 'maxmemory-policy', 'allkeys-lfu');
  await told(/maxmemory-policy "allkeys-lfu"/);
  await setTimeout(100);
  await redis.config('SET', 'maxmemory-policy', 'noeviction');
  await told(/no longer drops/);
  assert.equal(lines.length, 2, lines.join('\n'));
});
