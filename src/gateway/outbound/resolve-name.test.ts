import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { test } from 'node:test';
import { after, before } from '../../testing/hooks.ts';
import { createNameResolver, createSystemResolver } from './resolve-name.ts';

/** A name server of the test's own: one address for names that begin with "known", silence otherwise. */

let server: Socket;
let address: string;
before(async () => {
  server = createSocket('udp4');
  server.on('message', (query, { port }) => {
    if (query.subarray(13, 18).toString() !== 'known') return;
    server.send(answerTo(query), port, '127.0.0.1');
  });
  await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
  address = `127.0.0.1:${server.address().port}`;
});
after(() => server.close());

/** RFC 1035, 4.1: header, the question again, and for type A (1) one record with 203.0.113.5. */
function answerTo(query: Buffer): Buffer {
  const end = query.indexOf(0, 12) + 5;
  const isA = query.readUInt16BE(end - 4) === 1;
  const header = Buffer.from(query.subarray(0, 12));
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(isA ? 1 : 0, 6);
  header.writeUInt16BE(0, 10);
  const record = Buffer.from('c00c00010001000000e10004cb007105', 'hex');
  return Buffer.concat([header, query.subarray(12, end), ...(isA ? [record] : [])]);
}

test('a name is resolved by the name servers', async () => {
  const resolve = createNameResolver({ timeoutMs: 2000, servers: [address] });
  assert.deepEqual(await resolve('known.example'), [{ address: '203.0.113.5', family: 4 }]);
});

test('silent name servers are given up in time, and meanwhile hold up nobody else', async () => {
  const resolve = createNameResolver({ timeoutMs: 600, servers: [address] });
  const from = performance.now();
  const silent = Array.from({ length: 40 }, (_, index) =>
    assert.rejects(resolve(`silent${index}.example`), { code: /^E(CANCELLED|TIMEOUT)$/ }),
  );
  await lookup('localhost');
  assert.ok(performance.now() - from < 500, `the pool was free after ${performance.now() - from} ms`);
  assert.equal((await resolve('known.example')).length, 1);
  await Promise.all(silent);
  assert.ok(performance.now() - from < 3000, `given up after ${performance.now() - from} ms`);
});

test('names of the hosts file are resolved the way of the system', async () => {
  const found = await createSystemResolver(2000)('localhost');
  assert.ok(found.some((each) => ['127.0.0.1', '::1'].includes(each.address)));
});
