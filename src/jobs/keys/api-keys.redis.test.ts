import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { liveWorkers, startHeartbeat, type WorkerInfo } from '../queue/heartbeat.ts';
import { connect, failFastOptions } from '../redis/connection.ts';
import { startPrivateRedis } from '../testing/redis-server.ts';
import { workerInfo } from '../testing/worker-info.ts';
import { createApiKey, ensureFirstKey, findApiKey } from './api-keys.ts';

const server = await startPrivateRedis();
const redis = await connect(server.url, failFastOptions(), assert.ifError);
after(async () => {
  redis.disconnect();
  await server.remove();
});

test('the first start makes a key, later ones do not', async () => {
  const key = await ensureFirstKey(redis);
  assert.match(key!, /^SG_[0-9a-f]{16}$/);
  assert.equal(await ensureFirstKey(redis), undefined);
  assert.ok(await findApiKey(redis, key!));
});

test('a key is found by itself and by nothing near it', async () => {
  const { key, apiKey } = await createApiKey(redis, 'near');
  assert.deepEqual(await findApiKey(redis, key), apiKey);
  for (const near of ['', key.slice(0, -1), `${key}0`, key.toLowerCase(), apiKey.id, `${key}\n`])
    assert.equal(await findApiKey(redis, near), undefined);
});

test('a digest that begins alike is not taken for the key', async () => {
  const { key, apiKey } = await createApiKey(redis, 'collision');
  const name = `{sdxl}:api-key:${apiKey.id}`;
  const digest = (await redis.hget(name, 'digest'))!;
  await redis.hset(name, 'digest', `${digest.slice(0, -1)}${digest.endsWith('0') ? '1' : '0'}`);
  assert.equal(await findApiKey(redis, key), undefined);
});

test('Redis never holds the key itself', async () => {
  const { key } = await createApiKey(redis, 'secret');
  for (const name of await redis.keys('*')) {
    const type = await redis.type(name);
    const content =
      type === 'hash' ? await redis.hgetall(name) : type === 'set' ? await redis.smembers(name) : '';
    assert.ok(!`${name} ${JSON.stringify(content)}`.includes(key.slice(3)));
  }
});

const worker = { ...workerInfo, id: 'a', resident: ['sdxl-base'] };

test('a worker counts as live until it stops or falls silent, and says what it serves', async () => {
  const a = await startHeartbeat(redis, worker, assert.ifError);
  const b = await startHeartbeat(redis, { ...worker, id: 'b' }, assert.ifError);
  await a.update({ ...worker, refiner: true });
  const byId = (list: WorkerInfo[]) => list.sort((x, y) => x.id.localeCompare(y.id));
  assert.deepEqual(byId(await liveWorkers(redis)), [
    { ...worker, refiner: true },
    { ...worker, id: 'b' },
  ]);
  await a.stop();
  assert.deepEqual(await liveWorkers(redis), [{ ...worker, id: 'b' }]);
  assert.ok((await redis.ttl('{sdxl}:worker:b')) <= 15);
  // Silence: the key's expiry is the server's.
  await redis.del('{sdxl}:worker:b');
  assert.deepEqual(await liveWorkers(redis), []);
  assert.equal(await redis.scard('{sdxl}:workers'), 0);
  await b.stop();
});
