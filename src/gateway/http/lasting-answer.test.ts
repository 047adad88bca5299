import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import fastify from 'fastify';
import { etagOf, isKnown, lastingAnswer } from './lasting-answer.ts';

// RFC 9110, 13.1.2: any of a list, * for whatever there is, and the weak comparison of 8.8.3.2.
test('what a client says it has is found in a list, weak or strong', () => {
  const known = (header: string | undefined) =>
    isKnown({ headers: header === undefined ? {} : { 'if-none-match': header } }, 'W/"abc"');
  for (const header of ['W/"abc"', '"abc"', '"x", W/"abc"', '"x" ,"abc"', '*', ' * '])
    assert.ok(known(header), header);
  for (const header of [undefined, '', 'abc', '"ab"', 'W/"x"', '"x", "y"'])
    assert.ok(!known(header), String(header));
});

test('an answer that lasts is made once and compressed once, and not sent to who has it', async () => {
  const app = fastify();
  let made = 0;
  const text = JSON.stringify({ words: 'word '.repeat(1000) });
  const handler = lastingAnswer(() => {
    made++;
    if (made === 1) throw new Error('away');
    return { contentType: 'application/json', text, cacheControl: 'no-cache', headers: { 'x-more': 'y' } };
  });
  app.get('/list', handler);
  const get = (headers: Record<string, string> = {}) => app.inject({ url: '/list', headers });
  assert.equal((await get()).statusCode, 500, 'what failed is made anew');

  const [plain, packed, broad] = await Promise.all([
    get(),
    get({ 'accept-encoding': 'gzip' }),
    get({ 'accept-encoding': 'gzip, deflate, br' }),
  ]);
  assert.equal(plain.body, text);
  assert.equal(packed.headers['content-encoding'], 'gzip');
  assert.equal(gunzipSync(packed.rawPayload).toString(), text);
  assert.equal(broad.headers['content-encoding'], 'br');
  assert.equal(brotliDecompressSync(broad.rawPayload).toString(), text);
  for (const { headers } of [plain, packed, broad]) {
    assert.equal(headers.etag, etagOf(text));
    assert.deepEqual([headers.vary, headers['x-more']], ['accept-encoding', 'y']);
  }
  const again = await get({ 'if-none-match': `"other", ${plain.headers.etag}`, 'accept-encoding': 'gzip' });
  assert.deepEqual([again.statusCode, again.body, again.headers.etag], [304, '', plain.headers.etag]);
  assert.equal(made, 2);
  await app.close();
});
