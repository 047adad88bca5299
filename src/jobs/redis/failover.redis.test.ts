import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { request } from '../../contract/testing/requests.ts';
import { createApiKey, findApiKey } from '../keys/api-keys.ts';
import { addCredits } from '../keys/credits.ts';
import { openProducer, type Producer } from '../producer.ts';
import { consume } from '../queue/consumer.ts';
import { createRecord } from '../records/admit.ts';
import { readOutput } from '../records/stored-pictures.ts';
import { log, output } from '../testing/outputs.ts';
import { allRoutes, lifetimes } from '../testing/queue.ts';
import { startTestCluster } from '../testing/redis-cluster.ts';
import type { RedisNode } from '../testing/redis-node.ts';
import { startTestSentinels } from '../testing/redis-sentinels.ts';
import { connect, failFastOptions } from './connection.ts';
import { keyTag } from './names.ts';
import { isUnavailable } from './unavailable.ts';

/** What clients do: the same submit again until it is answered. */
async function submit(producer: Producer, owner: string, seed: number): Promise<string> {
  const idempotency = { key: String(seed), fingerprint: String(seed) };
  for (;;) {
    const id = randomUUID();
    try {
      const admission = await producer.submit(id, owner, { ...request, seed }, 1, { idempotency });
      assert.ok(admission.accepted, JSON.stringify(admission));
      return admission.earlier?.id ?? id;
    } catch (error) {
      assert.ok(isUnavailable(error), String(error));
      await setTimeout(50);
    }
  }
}

/** A gateway's side and a worker in this process. */
async function serve(redisUrl: string): Promise<AsyncDisposable & { readonly producer: Producer }> {
  const producer = await openProducer({ redisUrl, log, lifetimes });
  const generate = async ({ seed }: { readonly seed: number }) => {
    await setTimeout(20);
    return output(seed);
  };
  const worker = await consume({ redisUrl, routes: allRoutes, generate, log, lifetimes });
  return {
    producer,
    [Symbol.asyncDispose]: async () => {
      await worker.close();
      await producer.close();
    },
  };
}

async function outlives(producer: Producer, master: () => Promise<RedisNode>): Promise<void> {
  const { key, apiKey } = await createApiKey(producer.redis, 'owner', { credits: 100 });
  const ids: string[] = [];
  for (let seed = 0; seed < 10; seed++) ids.push(await submit(producer, apiKey.id, seed));
  // What is written is with the replica a moment later.
  await setTimeout(50);
  await (await master()).kill();
  for (let seed = 10; seed < 30; seed++) ids.push(await submit(producer, apiKey.id, seed));
  for (const id of ids) {
    const record = await producer.waitFor(id, 10_000);
    assert.equal(record?.status, 'COMPLETED', record?.error);
    const picture = await readOutput(producer.redis, record.result!.images[0]!.path);
    assert.ok(picture !== undefined && picture.bytes.length > 0);
  }
  assert.equal(new Set(ids).size, 30);
  assert.equal((await findApiKey(producer.redis, key))?.credits, 70);
  assert.equal(await addCredits(producer.redis, apiKey.id, 5), 75);
  const last = await submit(producer, apiKey.id, 30);
  await producer.cancel(last);
  assert.ok((await producer.read(last))?.finishedAt !== undefined);
}

const together = { concurrency: true, timeout: 60_000 };
test('a queue outlives the end of its master', together, async (t) => {
  await Promise.all([
    t.test('in a cluster', async () => {
      await using cluster = await startTestCluster();
      await using service = await serve(cluster.url);
      await outlives(service.producer, cluster.owner);
    }),
    t.test('under Sentinels', async () => {
      await using sentinels = await startTestSentinels({ replicas: 1, sentinels: 3 });
      await using service = await serve(sentinels.url);
      await outlives(service.producer, sentinels.master);
    }),
  ]);
});

test('a script whose slot is on its way to another node does nothing', together, async () => {
  await using cluster = await startTestCluster({ masters: 2, replicas: false });
  await using open = new AsyncDisposableStack();
  const redis = await connect(cluster.url, failFastOptions(), assert.ifError);
  open.defer(() => redis.disconnect());
  await createApiKey(redis, 'owner', { credits: 5 });
  const from = await cluster.owner();
  const to = cluster.nodes.find((node) => node !== from)!;
  const slot = Number(await from.ask('CLUSTER', 'KEYSLOT', keyTag));
  await to.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(await from.ask('CLUSTER', 'MYID')));
  await from.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(await to.ask('CLUSTER', 'MYID')));
  const keys = async () => await from.ask('CLUSTER', 'COUNTKEYSINSLOT', slot);
  const before = await keys();
  await assert.rejects(createRecord(redis, randomUUID(), 'owner', request, lifetimes), isUnavailable);
  assert.equal(await keys(), before);
  await from.ask('CLUSTER', 'SETSLOT', slot, 'STABLE');
  assert.ok((await createRecord(redis, randomUUID(), 'owner', request, lifetimes)).accepted);
});
