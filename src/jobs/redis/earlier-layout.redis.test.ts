import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import { request } from '../../contract/testing/requests.ts';
import { createApiKey, findApiKey } from '../keys/api-keys.ts';
import { addCredits } from '../keys/credits.ts';
import { openProducer } from '../producer.ts';
import { readAudit, writeAudit } from '../records/audit.ts';
import { readOutput } from '../records/stored-pictures.ts';
import { log, output } from '../testing/outputs.ts';
import { lifetimes, openTestQueue } from '../testing/queue.ts';
import { type Connection, connect, patientOptions } from './connection.ts';

/** Names as versions up to commit c9935f3 wrote them: `sdxl:...`, and `bull:generations-...` of BullMQ. */
async function writeEarlierNames(redis: Connection): Promise<void> {
  for (const key of await redis.keys('{sdxl}:*')) {
    const rest = key.slice('{sdxl}:'.length);
    await redis.rename(key, `${rest.startsWith('generations-') ? 'bull' : 'sdxl'}:${rest}`);
  }
}

const queue = await openTestQueue();
after(() => queue.close());
const { redis } = queue.producer;

test('what an earlier version has accepted, made and sold is there after an upgrade', async (t) => {
  const worker = await queue.work(async ({ seed }) => output(seed));
  const made = await queue.submit({ seed: 1 });
  assert.equal((await queue.producer.waitFor(made, 10_000))?.status, 'COMPLETED');
  await worker.close();
  const { key, apiKey } = await createApiKey(redis, 'sold', { credits: 10 });
  const idempotency = { key: 'mine', fingerprint: 'f' };
  const waiting = randomUUID();
  await queue.producer.submit(waiting, apiKey.id, { ...request, seed: 2 }, 3, { idempotency });
  await writeAudit(redis, { key: apiKey.id, act: 'pause', on: '' });
  await queue.producer.close();
  const before = await connect(queue.redis.url, patientOptions(), assert.ifError);
  await writeEarlierNames(before);
  before.disconnect();

  const producer = await openProducer({ redisUrl: queue.redis.url, log, lifetimes });
  t.after(() => producer.close());
  assert.deepEqual(await producer.redis.keys('sdxl:*'), []);
  assert.deepEqual(await producer.redis.keys('bull:*'), []);
  const [image] = (await producer.read(made))!.result!.images;
  assert.ok((await readOutput(producer.redis, image!.path))!.bytes.length > 0);
  const ttl = await producer.redis.ttl(`{sdxl}:output:${image!.path}`);
  assert.ok(ttl > 0 && ttl <= lifetimes.retentionSeconds, String(ttl));
  assert.equal((await findApiKey(producer.redis, key))?.credits, 7);
  assert.equal((await producer.findEarlier(apiKey.id, idempotency))?.id, waiting);
  assert.equal((await readAudit(producer.redis, 10))[0]?.act, 'pause');
  const next = await queue.work(async ({ seed }) => output(seed));
  t.after(() => next.close());
  assert.equal((await producer.waitFor(waiting, 10_000))?.status, 'COMPLETED');
});

test('what a process of the earlier version writes after the upgrade is added at the next start', async (t) => {
  const redis = await connect(queue.redis.url, patientOptions(), assert.ifError);
  t.after(() => redis.disconnect());
  const { apiKey } = await createApiKey(redis, 'kept', { credits: 5 });
  await writeAudit(redis, { key: apiKey.id, act: 'resume', on: '' });
  await redis.sadd('sdxl:api-keys', 'another');
  await redis.hset(`sdxl:api-key:${apiKey.id}`, 'credits', 1, 'maxQueued', 3);
  await redis.zadd('sdxl:deadlines', 5, 'request');
  await redis.set('sdxl:sequence', 1_000_000);
  await redis.xadd('sdxl:audit', '1-1', 'key', 'k', 'act', 'first', 'on', '');
  await redis.rpush('bull:generations-x:wait', 'request');

  (await connect(queue.redis.url, patientOptions(), assert.ifError)).disconnect();
  assert.equal(await redis.sismember('{sdxl}:api-keys', 'another'), 1);
  assert.equal(await redis.sismember('{sdxl}:api-keys', apiKey.id), 1);
  assert.deepEqual(await redis.hmget(`{sdxl}:api-key:${apiKey.id}`, 'credits', 'maxQueued'), [
    '5000000',
    '3',
  ]);
  assert.equal(await addCredits(redis, apiKey.id, 1), 6);
  assert.equal(await redis.zscore('{sdxl}:deadlines', 'request'), '5');
  assert.equal(await redis.get('{sdxl}:sequence'), '1000000');
  const acts = (await readAudit(redis, 10)).map(({ act }) => act);
  assert.deepEqual([acts.at(0), acts.at(-1)], ['resume', 'first']);
  assert.deepEqual(await redis.lrange('{sdxl}:generations-x:wait', 0, -1), ['request']);
  assert.deepEqual(await redis.keys('sdxl:*'), []);
});
