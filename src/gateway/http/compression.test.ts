import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fastify from 'fastify';
import { acceptedEncoding, gzipText } from './compression.ts';

// RFC 9110, 12.5.3: a weight of 0 means "not acceptable".
test('the first encoding that a client takes is chosen', () => {
  const chosen = (header?: string) =>
    acceptedEncoding({ headers: { ...(header !== undefined && { 'accept-encoding': header }) } }, [
      'br',
      'gzip',
    ]);
  assert.equal(chosen('gzip, deflate, br'), 'br');
  assert.equal(chosen('br;q=0, GZIP;q=0.5'), 'gzip');
  assert.equal(chosen('gzip; q=0.000'), undefined);
  assert.equal(chosen('x-gzip'), undefined);
  assert.equal(chosen(), undefined);
});

test('a long text goes out compressed to who takes it so, a short one as it is', async () => {
  const app = fastify();
  const words = 'word '.repeat(1000);
  app.get('/long', { onSend: gzipText }, async () => ({ words }));
  app.get('/short', { onSend: gzipText }, async () => ({}));
  const get = (url: string, encoding = 'gzip', method: 'GET' | 'HEAD' = 'GET') =>
    app.inject({ url, method, headers: { 'accept-encoding': encoding } });
  const packed = await get('/long');
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.equal(packed.headers.vary, 'accept-encoding');
  assert.equal(Number(packed.headers['content-length']), packed.rawPayload.length);
  assert.ok(packed.rawPayload.length < 500);
  assert.deepEqual(JSON.parse(gunzipSync(packed.rawPayload).toString()), { words });
  const plain = await get('/long', 'identity');
  assert.deepEqual([plain.json(), plain.headers['content-encoding']], [{ words }, undefined]);
  assert.equal(plain.headers.vary, 'accept-encoding');
  const short = await get('/short');
  assert.deepEqual([short.json(), short.headers['content-encoding']], [{}, undefined]);
  assert.equal((await get('/long', 'gzip', 'HEAD')).rawPayload.length, 0);
  await app.close();
});
