import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '../../testing/free-port.ts';
import { connect, failFastOptions } from '../redis/connection.ts';
import { startPrivateRedis } from '../testing/redis-server.ts';
import { hearOrders, orderWorkers, type WorkerOrder } from './worker-control.ts';

test('workers pass over the orders of another database of their Redis', { timeout: 20_000 }, async () => {
  await using open = new AsyncDisposableStack();
  const port = await freePort();
  const redis = await startPrivateRedis(['--port', String(port), '--bind', '127.0.0.1']);
  open.defer(() => redis.remove());
  const addresses = [0, 1].map((database) => `redis://127.0.0.1:${port}/${database}`);
  const heard: WorkerOrder[][] = [[], []];
  const last = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  for (const [database, address] of addresses.entries()) {
    const ears = await hearOrders(
      address,
      (order) => {
        heard[database]!.push(order);
        if (order.act === 'rescan') last[database]!.resolve();
      },
      assert.ifError,
    );
    open.defer(() => ears.close());
  }
  const orders = addresses.map((_, database) => ({ act: 'unload', model: `of-${database}` }) as const);
  for (const act of ['unload', 'rescan'] as const)
    for (const [database, address] of addresses.entries()) {
      const connection = await connect(address, failFastOptions(), assert.ifError);
      open.defer(() => connection.disconnect());
      await orderWorkers(connection, act === 'rescan' ? { act } : orders[database]!);
    }
  await Promise.all(last.map(({ promise }) => promise));
  assert.deepEqual(
    heard,
    orders.map((order) => [order, { act: 'rescan' }]),
  );
});
