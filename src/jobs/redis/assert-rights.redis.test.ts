import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { request } from '../../contract/testing/requests.ts';
import { memoryStore } from '../../results/testing/memory-store.ts';
import { JobError } from '../job-error.ts';
import { createApiKey, ensureFirstKey, findApiKey, listApiKeys, revokeApiKey } from '../keys/api-keys.ts';
import { changeApiKey } from '../keys/change-api-key.ts';
import { addCredits, readBalance } from '../keys/credits.ts';
import { exportApiKeys, importApiKeys } from '../keys/key-transfer.ts';
import { countInMinute } from '../keys/rate-limit.ts';
import { createSignInToken, redeemSignInToken } from '../keys/sign-in-tokens.ts';
import { openProducer } from '../producer.ts';
import { consume } from '../queue/consumer.ts';
import { knownRoutes, liveWorkers, registerRoutes, startHeartbeat } from '../queue/heartbeat.ts';
import { moveToFront } from '../queue/move-to-front.ts';
import { countByRoute, isPaused, setPaused } from '../queue/pause.ts';
import { readQueueState } from '../queue/queue-state.ts';
import { openWebhookQueue } from '../queue/webhook-queue.ts';
import { hearOrders, orderWorkers } from '../queue/worker-control.ts';
import { readAudit, writeAudit } from '../records/audit.ts';
import { dropKept } from '../records/kept-outputs.ts';
import { listRequests, readActivity } from '../records/request-list.ts';
import { linkToOutput, readOutput } from '../records/stored-pictures.ts';
import { sweepForgotten, sweepKept } from '../records/sweep-kept.ts';
import { withdraw } from '../records/withdraw.ts';
import { log, output } from '../testing/outputs.ts';
import { allRoutes } from '../testing/queue.ts';
import { startTcpRedis } from '../testing/tcp-redis.ts';
import { workerInfo } from '../testing/worker-info.ts';
import { rights } from './assert-rights.ts';
import { assertNoEviction, connect, failFastOptions } from './connection.ts';
import { memoryShare } from './memory.ts';

const root = path.resolve(import.meta.dirname, '../../..');
/** What docs/deployment.md tells an operator to type. */
const documented = /^ACL SETUSER sdxl on '>PASSWORD' (.*)$/m
  .exec(readFileSync(path.join(root, 'docs/deployment.md'), 'utf8').replaceAll('\\\n', ''))![1]!
  .replaceAll("'", '')
  .split(/\s+/);

const redis = await startTcpRedis();
after(() => redis.remove());
const redisUrl = `redis://sdxl:right-password@127.0.0.1:${redis.port}`;
const allow = (...words: readonly string[]): void => {
  redis.ask('acl', 'setuser', 'sdxl', 'reset', 'on', '>right-password', ...words);
};

test('the documented user has the rights that are asked for at the start, and no other command', () => {
  const commands = documented.filter((word) => word.startsWith('+'));
  assert.deepEqual([...commands].sort(), [...rights].sort());
  assert.ok(documented.includes('-@all'));
});

test('every command of our scripts, and of those of BullMQ that are used, is among the rights', () => {
  const read = (pattern: string) =>
    globSync(pattern, { cwd: root }).map(
      (file) => [file, readFileSync(path.join(root, file), 'utf8')] as const,
    );
  const ours = read('src/jobs/{keys,records,queue}/*.ts').filter(([file]) => !file.includes('.test.'));
  const used =
    'addPrioritizedJob,extendLocks,moveJobFromActiveToWait,moveStalledJobsToWait,moveToActive,moveToFinished,removeJob';
  const theirs = read(`node_modules/bullmq/dist/esm/scripts/{${used}}-*.js`);
  assert.equal(theirs.length, 7);
  const named = [...ours, ...theirs].flatMap(([, text]) =>
    [...text.matchAll(/(?:redis\.p?call|rcall)\(\s*["']([A-Za-z]+)["']/g)].map(
      (found) => `+${found[1]!.toLowerCase()}`,
    ),
  );
  assert.ok(new Set(named).size > 40);
  assert.deepEqual(
    [...new Set(named)].filter((right) => !rights.includes(right)),
    [],
  );
});

for (const [what, words, told] of [
  ['a command', [...documented, '-zadd', '-hset'], /NOPERM\): it lacks \+hset \+zadd$/],
  ['EVAL', [...documented, '-eval'], /it lacks \+eval \+evalsha$/],
  ['the keys', documented.filter((word) => word !== '~{sdxl}:*'), /it lacks ~\{sdxl\}:\* &\{sdxl\}:\*$/],
  ['the channels', documented.filter((word) => !word.startsWith('&')), /it lacks \+publish &\{sdxl\}:\*$/],
  ['SUBSCRIBE', [...documented, '-subscribe'], /it lacks \+subscribe &\{sdxl\}:\*$/],
] as const)
  test(`a start without the right to ${what} fails with its name`, { timeout: 20_000 }, async () => {
    allow(...words);
    await assert.rejects(openProducer({ redisUrl, log }), told);
  });

test('the documented user suffices for all that gateway, worker and keys do', {
  timeout: 60_000,
}, async () => {
  allow(...documented);
  redis.ask('acl', 'log', 'reset');
  const lifetimes = { retentionSeconds: 60, deadlineSeconds: 60 };
  await using open = new AsyncDisposableStack();
  const producer = await openProducer({ redisUrl, log, lifetimes, sweepIntervalMs: 100 });
  open.defer(() => producer.close());
  const connection = await connect(redisUrl, failFastOptions(), assert.ifError);
  open.defer(() => connection.disconnect());
  await assertNoEviction(connection);
  await memoryShare(connection);
  await producer.probe();

  const first = (await ensureFirstKey(connection))!;
  assert.ok(await findApiKey(connection, first));
  const { key, apiKey } = await createApiKey(connection, 'sold', { credits: 100 });
  await changeApiKey(connection, apiKey.id, { maxQueued: 50 });
  assert.equal(await addCredits(connection, apiKey.id, 5), 105);
  await readBalance(connection, apiKey.id);
  await importApiKeys(connection, (await exportApiKeys(connection)).join('\n'), randomUUID());
  await countInMinute(connection, `submit:${apiKey.id}`, 5);
  await writeAudit(connection, { key: apiKey.id, act: 'pause', on: '' });
  await readAudit(connection, 10);
  assert.equal(await redeemSignInToken(connection, await createSignInToken(connection, key, 60)), key);

  const heard = Promise.withResolvers<void>();
  const ears = await hearOrders(redisUrl, () => heard.resolve(), assert.ifError);
  open.defer(() => ears.close());
  await orderWorkers(connection, { act: 'rescan' });
  await heard.promise;
  await registerRoutes(connection, allRoutes);
  const heartbeat = await startHeartbeat(connection, workerInfo, assert.ifError);
  open.defer(() => heartbeat.stop());
  await liveWorkers(connection);
  await knownRoutes(connection);

  const submit = async (seed: number, how: Parameters<typeof producer.submit>[4] = {}) => {
    const id = randomUUID();
    await producer.submit(id, apiKey.id, { ...request, seed }, 1, how);
    return id;
  };
  const idempotency = { key: 'mine', fingerprint: 'f' };
  const webhook = { url: 'http://127.0.0.1:9/', base: '' };
  await setPaused(connection, true);
  assert.equal(await isPaused(connection), true);
  const made = await submit(1, { idempotency, webhook });
  const failing = await submit(2);
  const cancelled = await submit(3);
  await submit(1, { idempotency });
  await submit(4, { refusal: 'not that' });
  assert.equal((await producer.findEarlier(apiKey.id, idempotency))?.id, made);
  await moveToFront(connection, (await producer.read(failing))!);
  await producer.cancel(cancelled);
  await withdraw(connection, randomUUID());
  await producer.storeInput(randomUUID(), Buffer.from('png'));
  await countByRoute(connection);
  await readQueueState(connection);
  await setPaused(connection, false);

  let tries = 0;
  const store = memoryStore();
  const worker = await consume({
    ...{ redisUrl, routes: allRoutes, log, lifetimes, lockDurationMs: 450, stalledIntervalMs: 50 },
    results: store,
    generate: async ({ seed }, { progress }) => {
      progress({ sample: 1, samples: 1, step: 1, steps: 2 }, Buffer.from('jpeg'));
      // Longer than a lock is valid: it is renewed.
      await new Promise((resolve) => setTimeout(resolve, 500));
      if (seed === 2 && tries++ === 0) throw new JobError('once more', { retryable: true });
      return output(seed);
    },
  });
  open.defer(() => worker.close());
  for await (const event of producer.watch(failing, AbortSignal.timeout(10_000))) void event;
  assert.equal((await producer.waitFor(failing, 10_000))?.status, 'COMPLETED');
  const record = await producer.waitFor(made, 10_000);
  const { path } = record!.result!.images[0]!;
  assert.ok(await readOutput(connection, path, store));
  assert.ok(await linkToOutput(connection, path, store));
  await dropKept(connection, record!.result!.images);
  await sweepKept(connection, store);
  await sweepForgotten(connection, store, 0);
  const called = Promise.withResolvers<void>();
  const webhooks = openWebhookQueue({
    ...{ redis: connection, log, timeoutMs: 1000, intervalMs: 20, retryDelaysMs: [1] },
    compose: async () => 'body',
    deliver: async () => called.resolve(),
  });
  open.defer(() => webhooks.close());
  await called.promise;
  // Given back, ended by the sweep at its deadline.
  const hasty = await openProducer({ redisUrl, log, lifetimes: { ...lifetimes, deadlineSeconds: 1 } });
  open.defer(() => hasty.close());
  const held = randomUUID();
  await hasty.submit(held, apiKey.id, { ...request, seed: 5 });
  await new Promise((resolve) => setTimeout(resolve, 100));
  await worker.close();
  assert.equal((await producer.waitFor(held, 10_000))?.status, 'FAILED');
  await listRequests(connection, { most: 10 });
  await readActivity(connection, 60_000);
  await listApiKeys(connection);
  await revokeApiKey(connection, apiKey.id);
  await open.disposeAsync();
  assert.equal(redis.ask('acl', 'log'), '');
});
