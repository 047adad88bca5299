import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, before } from '../testing/hooks.ts';
import { proveStore } from './open-results.ts';
import { StoreError } from './result-store.ts';
import { type S3Options, s3Store } from './s3-store.ts';
import { credentials, region, type S3Server, startS3Server } from './testing/s3-server.ts';

let server: S3Server;
before(async () => {
  server = await startS3Server();
});
after(() => server.close());

const open = (own: Partial<S3Options> = {}) =>
  s3Store({
    ...{ bucket: 'bucket', prefix: 'some/prefix', endpoint: server.url, region, ...credentials },
    ...{ sessionToken: undefined, ...own },
  });
const picture = `0f8fad5b-d9cb-469f-a165-70867728950e/${'a'.repeat(32)}-0.jpg`;
const bytes = Buffer.from('a picture');

test('what was put is given back until it is deleted, under prefix and path, with its type', async () => {
  const store = open();
  assert.equal(store.name, 's3://bucket/some/prefix');
  assert.equal(await store.get(picture), undefined);
  await store.put(picture, bytes, 'image/jpeg');
  const kept = server.objects.get(`/bucket/some/prefix/${picture}`);
  assert.deepEqual(kept, { bytes, contentType: 'image/jpeg' });
  assert.deepEqual(await store.get(picture), bytes);
  await store.delete(picture);
  await store.delete(picture);
  assert.equal(await store.get(picture), undefined);
  await proveStore(open({ prefix: '' }));
  assert.equal(server.objects.size, 0);
});

test('a signed address gives the picture to anybody for its time, and only that picture', async () => {
  const store = open();
  await store.put(picture, bytes, 'image/jpeg');
  const link = await store.link!(picture, 90.7);
  assert.match(link, /X-Amz-Expires=90&/);
  assert.ok(!link.includes(credentials.secretAccessKey));
  const answer = await fetch(link);
  assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'image/jpeg']);
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), bytes);
  assert.equal((await fetch(link.replace('Expires=90', 'Expires=9000'))).status, 403);
  assert.equal((await fetch(link.replace('-0.jpg', '-1.jpg'))).status, 403);
});

test('temporary credentials send their token, in signed addresses too', async () => {
  const own = await startS3Server('token/+=');
  const store = open({ endpoint: own.url, sessionToken: 'token/+=' });
  await proveStore(store);
  await store.put(picture, bytes, 'image/png');
  assert.equal((await fetch(await store.link!(picture, 60))).status, 200);
  await assert.rejects(open({ endpoint: own.url }).get(picture), /403 InvalidToken/);
  await own.close();
});

test('what a server refuses is trouble of the store, with its status and code and without a secret', async () => {
  const isTrouble = (message: RegExp) => (error: unknown) => {
    assert.ok(error instanceof StoreError);
    assert.match(error.message, message);
    assert.ok(!JSON.stringify([error.message, error.stack]).includes('wrong-secret'));
    return true;
  };
  const store = open({ secretAccessKey: 'wrong-secret' });
  await assert.rejects(store.put(picture, bytes, ''), isTrouble(/^PUT .* 403 SignatureDoesNotMatch$/));
  await assert.rejects(store.get(picture), isTrouble(/^GET .* 403 SignatureDoesNotMatch$/));
  await assert.rejects(open({ bucket: 'other' }).get(picture), isTrouble(/404 NoSuchBucket/));
  await assert.rejects(open({ bucket: 'other' }).put(picture, bytes, ''), isTrouble(/404 NoSuchBucket/));
  server.trouble = { status: 503, code: 'SlowDown' };
  await assert.rejects(open().put(picture, bytes, ''), isTrouble(/503 SlowDown/));
  // Nobody is led to another server with a signature.
  server.trouble = { status: 307, code: 'TemporaryRedirect' };
  await assert.rejects(open().get(picture), isTrouble(/307 TemporaryRedirect/));
  server.trouble = undefined;
});

test('a server that dies in the middle, is silent or not there is trouble; half an answer is none', async () => {
  server.trouble = 'cut';
  await assert.rejects(open().put(picture, Buffer.alloc(5_000_000), ''), StoreError);
  await assert.rejects(open().get(picture), StoreError);
  server.trouble = undefined;
  await assert.rejects(open({ timeoutMs: 1 }).put(picture, Buffer.alloc(30_000_000), ''), StoreError);
  await assert.rejects(
    open({ endpoint: 'http://127.0.0.1:1' }).get(picture),
    /127\.0\.0\.1:1 did not answer/,
  );
});

test('a path that leads elsewhere is refused before the server is asked', async () => {
  const store = open({ endpoint: 'http://127.0.0.1:1' });
  for (const wrong of ['../x', 'a/../b', '/a', 'a//b', '', '..', 'a?b', 'a%2e', 'a#b'])
    await assert.rejects(store.get(wrong), /is no path of a result/, wrong);
});

test('a bucket of AWS stands in the name of the host, one with a dot in the path', async () => {
  const at = async (bucket: string, own: Partial<S3Options> = {}) =>
    new URL(await open({ bucket, endpoint: undefined, prefix: '', ...own }).link!('a/b.png', 60));
  const plain = await at('pictures');
  assert.equal(plain.origin + plain.pathname, 'https://pictures.s3.eu-central-1.amazonaws.com/a/b.png');
  const dotted = await at('my.pictures');
  assert.equal(dotted.origin + dotted.pathname, 'https://s3.eu-central-1.amazonaws.com/my.pictures/a/b.png');
  assert.equal(
    (await at('pictures', { region: 'cn-north-1' })).host,
    'pictures.s3.cn-north-1.amazonaws.com.cn',
  );
});
