import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, Gauge, Registry } from 'prom-client';

/**
 * A registry that holds what every process tells of itself: `process_*` under the names that all of
 * Prometheus' client libraries use, and how long its event loop keeps things waiting.
 */
export function processRegistry(version: string): Registry {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      ...{ name, help, registers },
      collect() {
        this.set(read());
      },
    });

  new Gauge({
    name: 'sdxl_build_info',
    help: 'Always 1; the labels say what runs.',
    labelNames: ['version', 'node'],
    registers,
  }).set({ version, node: process.version }, 1);
  const startedAt = Date.now() / 1000 - process.uptime();
  gauge('process_start_time_seconds', 'Start of the process since the Unix epoch.', () => startedAt);
  gauge('process_resident_memory_bytes', 'Resident memory of the process.', () => process.memoryUsage.rss());
  new Counter({
    name: 'process_cpu_seconds_total',
    help: 'CPU time of the process since its start, user and system.',
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  gauge('sdxl_heap_used_bytes', 'Bytes in use on the JavaScript heap.', () => process.memoryUsage().heapUsed);
  gauge(
    'sdxl_external_memory_bytes',
    'Buffers outside the JavaScript heap.',
    () => process.memoryUsage().external,
  );

  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  const statistics = { median: 50, p99: 99, max: 100 };
  new Gauge({
    name: 'sdxl_event_loop_delay_seconds',
    help: 'How late the event loop was since the last scrape.',
    labelNames: ['statistic'],
    registers,
    collect() {
      for (const [statistic, percentile] of Object.entries(statistics)) {
        const nanoseconds = delay.percentile(percentile);
        this.set({ statistic }, Number.isFinite(nanoseconds) ? nanoseconds / 1e9 : 0);
      }
      delay.reset();
    },
  });
  return registry;
}
