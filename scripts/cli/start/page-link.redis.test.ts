import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { findApiKey, listApiKeys, revokeApiKey } from '../../../src/jobs/keys/api-keys.ts';
import { redeemSignInToken } from '../../../src/jobs/keys/sign-in-tokens.ts';
import { connect, failFastOptions } from '../../../src/jobs/redis/connection.ts';
import { startPrivateRedis } from '../../../src/jobs/testing/redis-server.ts';
import { createPageLink } from './page-link.ts';

const server = await startPrivateRedis();
const redis = await connect(server.url, failFastOptions(), () => undefined);
const dataDir = await mkdtemp(path.join(os.tmpdir(), 'page-link-'));
after(async () => {
  redis.disconnect();
  await server.remove();
  await rm(dataDir, { recursive: true });
});

const base = 'http://127.0.0.1:8080';
/** The key that a new link gives. */
async function keyOfLink(): Promise<string> {
  const link = new URL(await createPageLink(redis, dataDir, base));
  assert.equal(link.origin + link.pathname + link.search, `${base}/`);
  return (await redeemSignInToken(redis, link.hash.replace('#sign-in=', '')))!;
}

test('a link opens the page with a valid key, which is kept where only its owner can read it', async () => {
  const key = await keyOfLink();
  assert.equal((await findApiKey(redis, key))?.name, 'page');
  const file = path.join(dataDir, 'page-key');
  assert.equal(await readFile(file, 'utf8'), `${key}\n`);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
});

test('later links give the same key, so that the page finds its requests again', async () => {
  assert.equal(await keyOfLink(), await keyOfLink());
  assert.equal((await listApiKeys(redis)).length, 1);
});

test('where the key was revoked the next link gives a new one', async () => {
  const [revoked] = await listApiKeys(redis);
  const before = await keyOfLink();
  await revokeApiKey(redis, revoked!.id);
  const key = await keyOfLink();
  assert.notEqual(key, before);
  assert.equal((await findApiKey(redis, key))?.name, 'page');
});
