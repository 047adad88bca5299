import assert from 'node:assert/strict';
import net from 'node:net';
import { test } from 'node:test';
import { openRedis } from './open-redis.ts';

test('a fail-over under many commands is no leak of listeners', async (context) => {
  // A master that has become a replica, and takes writes again from the second connection on.
  let connections = 0;
  const server = net.createServer((socket) => {
    const isReplica = ++connections === 1;
    socket.on('data', (bytes) => {
      const answers = bytes
        .toString()
        .matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)
        .map(([, command = '']) => {
          if (/^info$/i.test(command)) return '$17\r\nredis_version:7.0\r\n';
          return isReplica && /^set$/i.test(command)
            ? "-READONLY You can't write against a read only replica.\r\n"
            : '+OK\r\n';
        });
      socket.write([...answers].join(''));
    });
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', listening.resolve);
  await listening.promise;
  const { port } = server.address() as net.AddressInfo;
  const { redis } = openRedis(`redis://127.0.0.1:${port}`, {
    retryStrategy: () => 10,
    maxRetriesPerRequest: null,
    enableOfflineQueue: true,
    socketTimeout: 5000,
  });
  const warned: Error[] = [];
  const warn = (warning: Error) => void warned.push(warning);
  process.on('warning', warn);
  context.after(() => {
    process.off('warning', warn);
    redis.disconnect();
    server.close();
  });

  const answers = await Promise.all(Array.from({ length: 30 }, (_, index) => redis.set(`key${index}`, '1')));

  assert.deepEqual(new Set(answers), new Set(['OK']));
  assert.equal(connections, 2);
  assert.deepEqual(warned, []);
});
