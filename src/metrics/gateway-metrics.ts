import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { processRegistry } from './process-metrics.ts';
import { type Counted, type RequestMetrics, requestMetrics, secondsBuckets } from './request-metrics.ts';
import { sharedReading } from './shared-reading.ts';

/** What the gateway counts; every function takes microseconds and never throws. */
export interface GatewayMetrics extends RequestMetrics {
  readonly registry: Registry;
  /** @param route as it is registered, without its parameters' values. @param seconds to the last byte. */
  answered(call: { route: string; method: string; status: number }, seconds: number): void;
  accepted(request: Counted, credits: number): void;
  /** @param reason a code of contract/errors.ts. */
  refused(reason: string): void;
  webhook(outcome: 'delivered' | 'to be repeated' | 'given up'): void;
  /** Read anew at each scrape. */
  watch(sources: GatewaySources): void;
}

/** What stands in Redis now. */
export interface QueueState {
  readonly waiting: number;
  readonly processing: number;
  /** Of the request that has waited longest; 0 where none waits. */
  readonly longestWaitSeconds: number;
}

/** Memory in bytes, and how long a question took. */
export interface RedisState {
  readonly used: number;
  /** Its `maxmemory`; 0 where it has none. */
  readonly most: number;
  readonly seconds: number;
}

export interface GatewaySources {
  queue(): Promise<QueueState>;
  redis(): Promise<RedisState>;
  workers(): Promise<readonly { readonly device: string; readonly busy: boolean }[]>;
}

/** A scrape does not wait longer for a Redis that is away. */
const patienceMs = 2000;

export function gatewayMetrics(version: string): GatewayMetrics {
  const registry = processRegistry(version);
  const registers = [registry];
  const answers = new Counter({
    name: 'sdxl_http_requests_total',
    help: 'HTTP requests that were answered.',
    labelNames: ['route', 'method', 'status'],
    registers,
  });
  const durations = new Histogram({
    name: 'sdxl_http_request_duration_seconds',
    help: 'From the request line to the last byte of the answer.',
    labelNames: ['route', 'method'],
    buckets: secondsBuckets,
    registers,
  });
  const accepted = new Counter({
    name: 'sdxl_requests_accepted_total',
    help: 'Requests that were accepted into the queue.',
    labelNames: ['endpoint'],
    registers,
  });
  const refused = new Counter({
    name: 'sdxl_requests_refused_total',
    help: 'Calls that were refused, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const charged = new Counter({
    name: 'sdxl_credits_charged_total',
    help: 'Credits charged for accepted requests; those that fail are given theirs back.',
    registers,
  });
  const webhooks = new Counter({
    name: 'sdxl_webhook_deliveries_total',
    help: 'Attempts to tell webhooks of ended requests, by outcome.',
    labelNames: ['outcome'],
    registers,
  });
  return {
    registry,
    ...requestMetrics(registry),
    answered: ({ route, method, status }, seconds) => {
      answers.inc({ route, method, status });
      durations.observe({ route, method }, seconds);
    },
    accepted: ({ endpoint }, credits) => {
      accepted.inc({ endpoint });
      charged.inc(credits);
    },
    refused: (reason) => refused.inc({ reason }),
    webhook: (outcome) => webhooks.inc({ outcome }),
    watch: (sources) => watch(registry, sources),
  };
}

function watch(registry: Registry, sources: GatewaySources): void {
  const registers = [registry];
  /** A value that cannot be read is left out: an old one would look like a quiet queue. */
  const gauge = (
    name: string,
    help: string,
    labelNames: readonly string[],
    read: (gauge: Gauge) => Promise<void>,
  ) =>
    new Gauge({
      ...{ name, help, labelNames, registers },
      async collect() {
        this.reset();
        if (labelNames.length === 0) this.remove();
        await read(this).catch(() => undefined);
      },
    });

  const queue = sharedReading(() => within(sources.queue()));
  const redis = sharedReading(() => within(sources.redis()));
  gauge(
    'sdxl_queue_requests',
    'Requests that wait for a worker or are worked on.',
    ['state'],
    async (all) => {
      const { waiting, processing } = await queue();
      all.set({ state: 'waiting' }, waiting);
      all.set({ state: 'processing' }, processing);
    },
  );
  gauge(
    'sdxl_queue_longest_wait_seconds',
    'How long the request that has waited longest has been waiting.',
    [],
    async (longest) => longest.set((await queue()).longestWaitSeconds),
  );
  gauge('sdxl_workers', 'Workers that take jobs.', ['device', 'state'], async (all) => {
    for (const { device, busy } of await within(sources.workers()))
      all.inc({ device, state: busy ? 'busy' : 'idle' });
  });
  new Gauge({
    name: 'sdxl_redis_up',
    help: 'Whether Redis answers.',
    registers,
    async collect() {
      this.set(
        await redis().then(
          () => 1,
          () => 0,
        ),
      );
    },
  });
  gauge('sdxl_redis_ping_seconds', 'How long Redis took to answer.', [], async (ping) =>
    ping.set((await redis()).seconds),
  );
  gauge('sdxl_redis_memory_used_bytes', 'Memory that Redis uses.', [], async (used) =>
    used.set((await redis()).used),
  );
  gauge('sdxl_redis_memory_max_bytes', 'The maxmemory of Redis; 0 where it has none.', [], async (most) =>
    most.set((await redis()).most),
  );
}

async function within<Value>(value: Promise<Value>): Promise<Value> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`no answer in ${patienceMs} ms`)), patienceMs);
  try {
    return await Promise.race([value, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
