import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type WorkerSources, workerMetrics } from './worker-metrics.ts';

const sources: WorkerSources = {
  ready: () => true,
  busy: () => false,
  models: () => [{ name: 'base', loaded: true }],
  engineBytes: () => 5e9,
  device: async () => ({ usedBytes: 20e9, totalBytes: 80e9, utilization: 0.5 }),
};

test('each device of a worker has its own gauges, and one that does not tell is left out', async () => {
  const metrics = workerMetrics('1.0.0');
  metrics.watch('cuda:0', sources);
  metrics.watch('cuda:1', {
    ...{ ready: () => false, busy: () => false, models: () => [], engineBytes: () => undefined },
    device: async () => assert.fail('nvidia-smi is gone'),
  });
  metrics.engineLost('cuda:1', 'hung');
  const lines = (await metrics.registry.metrics()).split('\n');
  const samples = lines.filter(
    (line) => /^sdxl_(engine|model|device)/.test(line) && !line.includes('load_seconds'),
  );
  assert.deepEqual(samples.sort(), [
    'sdxl_device_memory_bytes{device="cuda:0",kind="total"} 80000000000',
    'sdxl_device_memory_bytes{device="cuda:0",kind="used"} 20000000000',
    'sdxl_device_utilization_ratio{device="cuda:0"} 0.5',
    'sdxl_engine_busy{device="cuda:0"} 0',
    'sdxl_engine_busy{device="cuda:1"} 0',
    'sdxl_engine_losses_total{device="cuda:1",reason="hung"} 1',
    'sdxl_engine_ready{device="cuda:0"} 1',
    'sdxl_engine_ready{device="cuda:1"} 0',
    'sdxl_engine_resident_memory_bytes{device="cuda:0"} 5000000000',
    'sdxl_model_loaded{device="cuda:0",model="base"} 1',
  ]);
});

test('the worker of a device that starts again tells of its new engine', async () => {
  const metrics = workerMetrics('1.0.0');
  metrics.watch('cpu', sources);
  metrics.watch('cpu', { ...sources, ready: () => false });
  assert.match(await metrics.registry.metrics(), /^sdxl_engine_ready\{device="cpu"\} 0$/m);
});
