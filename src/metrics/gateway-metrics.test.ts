import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { gatewayMetrics } from './gateway-metrics.ts';

/** Lines of that metric in what a scraper is given. */
async function samplesOf(registry: { metrics(): Promise<string> }, name: string): Promise<string[]> {
  // Scrapes that come at the same moment share a reading.
  await setImmediate();
  return (await registry.metrics()).split('\n').filter((line) => line.startsWith(name));
}

test('the gauge of waiting requests is the queue at each scrape: 0, 1, 10,000 and 0 again', async () => {
  const metrics = gatewayMetrics('1.0.0');
  let waiting = 0;
  metrics.watch({
    queue: async () => ({ waiting, processing: 2, longestWaitSeconds: waiting / 4 }),
    workers: async () => [],
    redis: async () => ({ used: 1, most: 2, seconds: 0.001 }),
  });
  for (const count of [0, 1, 10_000, 0]) {
    waiting = count;
    assert.deepEqual(await samplesOf(metrics.registry, 'sdxl_queue_requests'), [
      `sdxl_queue_requests{state="waiting"} ${count}`,
      'sdxl_queue_requests{state="processing"} 2',
    ]);
    assert.deepEqual(await samplesOf(metrics.registry, 'sdxl_queue_longest_wait_seconds'), [
      `sdxl_queue_longest_wait_seconds ${count / 4}`,
    ]);
  }
});

test('a queue that cannot be read leaves its gauges out: an old value would look like a quiet queue', async () => {
  const metrics = gatewayMetrics('1.0.0');
  let isAway = false;
  const orAway = async <Value>(value: Value): Promise<Value> => {
    if (isAway) throw new Error('Redis is away');
    return value;
  };
  metrics.watch({
    queue: () => orAway({ waiting: 7, processing: 0, longestWaitSeconds: 3 }),
    workers: () => orAway([{ device: 'cpu', busy: true }]),
    redis: () => orAway({ used: 1, most: 2, seconds: 0.001 }),
  });
  assert.equal((await samplesOf(metrics.registry, 'sdxl_queue_')).length, 3);
  assert.deepEqual(await samplesOf(metrics.registry, 'sdxl_workers'), [
    'sdxl_workers{device="cpu",state="busy"} 1',
  ]);
  isAway = true;
  assert.deepEqual(await samplesOf(metrics.registry, 'sdxl_queue_'), []);
  assert.deepEqual(await samplesOf(metrics.registry, 'sdxl_workers'), []);
  assert.deepEqual(await samplesOf(metrics.registry, 'sdxl_redis_up'), ['sdxl_redis_up 0']);
});
