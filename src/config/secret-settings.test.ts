import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { readConfig, withVariables } from './config.ts';
import { complaint } from './testing/complaint.ts';

test('a complaint about REDIS_URL does not show its password', () => {
  const message = complaint({ REDIS_URL: 'http://user:secret@host' });
  assert.ok(!message.includes('secret'), message);
});

test('PUBLIC_URL with a user name or password is refused without repeating them', () => {
  for (const userinfo of ['user:pw@', 'user@', ':pw@'])
    assert.throws(
      () => readConfig({ PUBLIC_URL: `https://${userinfo}pictures.example` }),
      ({ message }: Error) => /PUBLIC_URL=.*without user name/.test(message) && !message.includes(userinfo),
    );
});

test('WEBHOOK_SECRET has the form of Standard Webhooks, and a wrong one is not repeated', () => {
  const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
  assert.equal(readConfig({ WEBHOOK_SECRET: secret }).webhookSecret, secret);
  for (const wrong of ['hunter2', 'whsec_aHVudGVyMg==', secret.slice('whsec_'.length)])
    assert.throws(() => readConfig({ WEBHOOK_SECRET: wrong }), {
      message: /WEBHOOK_SECRET="\*\*\*": must be whsec_ and/,
    });
});

for (const [variable, value] of [
  ['REDIS_URL', 'redis//:p@ss-word@127.0.0.1:1'],
  ['REDIS_URL', 'http://:p@ss-word@127.0.0.1:1'],
  ['REDIS_URL', 'http://127.0.0.1:1?password=ss-word'],
  ['REDIS_URL', 'http://user:a/ss-word@h'],
  ['REDIS_URL', 'redis+sentinel://user:ss-word@h:1,h:2'],
  ['REDIS_URL', 'redis+cluster://:ss-word@h:1,:p@ss-word@h:x'],
  ['REDIS_URL', 'redis+cluster://:p@ss-word@h:1/5'],
  ['PUBLIC_URL', 'https://user:ss-word@pictures.example'],
  ['PUBLIC_URL', 'https://pictures.example/?token=ss-word'],
  ['CORS_ORIGINS', 'https://user:ss-word@pictures.example'],
  ['IMAGE_URL_ALLOW', 'http://user:ss-word@minio:9000'],
] as const)
  test(`what is secret in a refused ${variable} is not repeated: ${value}`, () => {
    assert.doesNotMatch(complaint({ [variable]: value }), /ss-word/);
  });

test('a value may stand in a file, as secrets of Docker and Kubernetes do', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'redis-url');
  writeFileSync(file, 'redis://:hidden@redis:6379\n');
  assert.equal(readConfig({ REDIS_URL_FILE: file }).redisUrl, 'redis://:hidden@redis:6379');
  assert.match(
    complaint({ REDIS_URL_FILE: file, REDIS_URL: 'redis://other' }),
    /REDIS_URL_FILE=".*redis-url": REDIS_URL is set too/,
  );
  assert.match(complaint({ PORT_FILE: path.join(folder, 'none') }), /PORT_FILE=".*none": cannot be read/);

  writeFileSync(file, 'hidden');
  const message = complaint({ WEBHOOK_SECRET_FILE: file });
  assert.match(message, /WEBHOOK_SECRET/);
  assert.doesNotMatch(message, /hidden/);
});

test('a child process is given what counts, whatever files its parent was given', () => {
  const env = withVariables({ REDIS_URL_FILE: '/run/secrets/redis' }, { REDIS_URL: 'redis://private' });
  assert.equal(readConfig(env as Record<string, string>).redisUrl, 'redis://private');
});
