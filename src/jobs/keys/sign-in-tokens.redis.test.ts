import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { connect, failFastOptions } from '../redis/connection.ts';
import { startPrivateRedis } from '../testing/redis-server.ts';
import { createSignInToken, redeemSignInToken } from './sign-in-tokens.ts';

const server = await startPrivateRedis();
const redis = await connect(server.url, failFastOptions(), () => undefined);
after(async () => {
  redis.disconnect();
  await server.remove();
});
const key = 'SG_0123456789abcdef';

test('a token gives its key once', async () => {
  const token = await createSignInToken(redis, key, 60);
  assert.match(token, /^[\w-]{22}$/);
  assert.equal(await redeemSignInToken(redis, token), key);
  assert.equal(await redeemSignInToken(redis, token), undefined);
});

test('of two who ask at once with one token, one gets the key', async () => {
  const token = await createSignInToken(redis, key, 60);
  const answers = await Promise.all([redeemSignInToken(redis, token), redeemSignInToken(redis, token)]);
  assert.deepEqual(
    answers.filter((answer) => answer !== undefined),
    [key],
  );
});

test('an expired, a wrong and an empty token give nothing', async () => {
  const token = await createSignInToken(redis, key, 1);
  await setTimeout(1100);
  for (const wrong of [token, 'AAAAAAAAAAAAAAAAAAAAAA', ''])
    assert.equal(await redeemSignInToken(redis, wrong), undefined);
});

test('what Redis holds shows neither key nor token', async () => {
  const token = await createSignInToken(redis, key, 60);
  const names = await redis.keys('*');
  const held = [...names, ...(await redis.mget(names))].join(' ');
  assert.ok(names.length > 0);
  for (const secret of [key, token, Buffer.from(key).toString('base64').slice(0, 20)])
    assert.equal(held.includes(secret), false, held);
});
