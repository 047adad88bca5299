import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { startTestService } from '../../testing/service.ts';

const service = await startTestService();
after(() => service.close());
const get = (url: string, headers: Record<string, string> = {}) => service.app.inject({ url, headers });
const page = await get('/');
const addresses = [...page.body.matchAll(/(?:href|src)="(page\/[^"]+)"/g)].map(
  ([, address]) => `/${address}`,
);

test('GET / is a page that needs no key and loads nothing from elsewhere', () => {
  assert.equal(page.statusCode, 200);
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.doesNotMatch(page.body, /https?:|\/\/[a-z]|<style|style=|onload=/);
  const policy = String(page.headers['content-security-policy']);
  assert.match(policy, /default-src 'none'; script-src 'self'; style-src 'self'/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
});

test('an unchanged page is a 304', async () => {
  const again = await get('/', { 'if-none-match': String(page.headers.etag) });
  assert.deepEqual([again.statusCode, again.body], [304, '']);
  const file = await get(addresses[0]!);
  assert.equal((await get(addresses[0]!, { 'if-none-match': String(file.headers.etag) })).statusCode, 304);
});

test('every module that a module imports is named in the page, so that all are fetched at once', async () => {
  for (const address of addresses.filter((each) => /\.[tj]s$/.test(each))) {
    const { body, headers } = await get(address);
    assert.equal(headers['content-type'], 'text/javascript; charset=utf-8', address);
    for (const [, imported] of body.matchAll(/^(?:import|export)[^'"`;]*?from ["']([^"']+)["']/gm)) {
      assert.match(imported!, /^\.\.?\//, `${address} imports ${imported}`);
      const whole = new URL(imported!, `http://page${address}`).pathname;
      assert.ok(addresses.includes(whole), `${address} imports ${imported}`);
    }
  }
});

test('modules come without types, and without tests', async () => {
  const address = addresses.find((each) => each.endsWith('/store.ts'))!;
  const { body } = await get(address);
  assert.doesNotMatch(body, /interface|import type|: Store</);
  assert.match(body, /export function createStore/);
  assert.equal((await get(address.replace('store.ts', 'time-left.test.ts'))).statusCode, 404);
});

test('the first load is under 150 kB compressed, and each form has the same content', async () => {
  let bytes = page.rawPayload.length;
  const folder = /^\/page\/[^/]+/.exec(addresses[0]!)![0];
  for (const address of new Set([...addresses, `${folder}/form/styles.webp`, `${folder}/parts/mark.svg`])) {
    const plain = await get(address, { 'accept-encoding': 'br;q=0, identity' });
    const compressed = await get(address, { 'accept-encoding': 'gzip, br' });
    assert.equal(plain.headers['content-encoding'], undefined);
    assert.match(String(compressed.headers['cache-control']), /immutable/);
    bytes += compressed.rawPayload.length;
    if (address.endsWith('.webp')) continue;
    assert.equal(compressed.headers['content-encoding'], 'br', address);
    assert.equal(compressed.headers.vary, 'accept-encoding');
    assert.deepEqual(brotliDecompressSync(compressed.rawPayload), plain.rawPayload);
    const zipped = await get(address, { 'accept-encoding': 'gzip' });
    assert.deepEqual(gunzipSync(zipped.rawPayload), plain.rawPayload);
  }
  assert.ok(bytes < 150_000, `${bytes} bytes`);
});

test('another version, a path outside and a wrong verb are refused', async () => {
  for (const path of ['/page/0000000000000000/start.ts', '/page/x/..%2f..%2fpackage.json'])
    assert.equal((await get(path)).statusCode, 404, path);
  assert.equal((await service.app.inject({ method: 'POST', url: '/' })).statusCode, 405);
});

test("the lab's report is shown in a sandbox of its own", async () => {
  const { statusCode, headers, body } = await get('/lab');
  assert.equal(statusCode, 200);
  assert.match(body, /^<!doctype html>/i);
  assert.match(
    String(headers['content-security-policy']),
    /^sandbox allow-scripts allow-popups; default-src 'none'/,
  );
  assert.doesNotMatch(String(headers['content-security-policy']), /allow-same-origin|connect-src/);
});
