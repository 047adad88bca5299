/**
 * What metrics and tracing cost a submit: gateways on one Redis, told the same but for what is compared, are
 * called in turn, one at a time, so that whatever else the machine does meets all of them alike. Each pair is
 * the p99 (and p50) of one of them over that of the plain gateway in the same round; a second plain gateway
 * shows the noise. Nobody works on the requests: node scripts/bench/observability.ts
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Agent, request } from 'undici';
import { createApiKey } from '../../src/jobs/keys/api-keys.ts';
import { startHeartbeat } from '../../src/jobs/queue/heartbeat.ts';
import { connect, failFastOptions } from '../../src/jobs/redis/connection.ts';
import { startPrivateRedis } from '../../src/jobs/testing/redis-server.ts';
import { workerInfo } from '../../src/jobs/testing/worker-info.ts';
import { freePort } from '../../src/testing/free-port.ts';
import { startChild } from './gateway/child.ts';
import { pairedRatio } from './statistics.ts';

const pairs = 8;
const submitsOfEach = Number(process.env.BENCH_SUBMITS ?? 500);
/** Prometheus asks every 15 s or so. */
const scrapeMs = 1000;

interface Compared {
  readonly name: string;
  readonly environment: NodeJS.ProcessEnv;
  /** W3C traceparent of every call. */
  readonly traceparent?: string;
}

await using open = new AsyncDisposableStack();
const redis = await startPrivateRedis();
open.defer(() => redis.remove());
const connection = await connect(redis.url, failFastOptions(), () => undefined);
open.defer(() => connection.disconnect());
const facts = { ...workerInfo, id: 'stub', endpoints: ['sdxl-torch' as const], baseModels: [] };
const heartbeat = await startHeartbeat(connection, facts, () => undefined);
open.defer(() => heartbeat.stop());
const { key } = await createApiKey(connection, 'bench');
const dispatcher = new Agent({ connections: 64 });
open.defer(() => dispatcher.close());

let spans = 0;
let refused = 0;
const collector = createServer((call, answer) => {
  spans += 1;
  call.resume().on('end', () => answer.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
});
await new Promise((resolve) => collector.listen(0, '127.0.0.1', () => resolve(undefined)));
open.defer(() => void collector.close());
const traced = {
  OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(collector.address() as AddressInfo).port}`,
};
const metricsPort = await freePort();
const trace = '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7';
const compared: readonly Compared[] = [
  { name: 'plain', environment: {} },
  { name: 'plain again (noise)', environment: {} },
  { name: `metrics, scraped every ${scrapeMs} ms`, environment: { METRICS_PORT: String(metricsPort) } },
  { name: 'tracing, requests not sampled', environment: traced, traceparent: `00-${trace}-00` },
  { name: 'tracing, every request sampled', environment: traced },
];

const urls: string[] = [];
for (const { environment } of compared) {
  const port = await freePort();
  const own = { REDIS_URL: redis.url, PORT: String(port), MAX_QUEUED: '1000000', NODE_ENV: 'production' };
  open.defer(
    await startChild('../../../src/gateway/server.ts', { ...own, ...environment }, 'gateway listening'),
  );
  urls.push(`http://127.0.0.1:${port}`);
}

async function submit(of: number): Promise<void> {
  const { traceparent } = compared[of]!;
  const answer = await request(`${urls[of]}/v2/sdxl-torch`, {
    ...{ dispatcher, method: 'POST' },
    headers: { 'x-api-key': key, 'content-type': 'application/json', ...(traceparent && { traceparent }) },
    body: JSON.stringify({ prompt: 'a (red panda:1.2) reading by candle light', seed: 1 }),
  });
  const text = await answer.body.text();
  // Where others take the whole machine; its time counts.
  if (answer.statusCode === 503) refused += 1;
  else if (answer.statusCode !== 200) throw new Error(`${compared[of]!.name}: ${answer.statusCode} ${text}`);
}

/** Milliseconds of each gateway's submits, sorted. */
async function round(submits: number): Promise<number[][]> {
  const times: number[][] = compared.map(() => []);
  for (let index = 0; index < submits * compared.length; index++) {
    // Each has every place in a turn, and is as often behind each of the others.
    const turn = Math.floor(index / compared.length);
    const step = 1 + (Math.floor(turn / compared.length) % (compared.length - 1));
    const of = (index * step + turn) % compared.length;
    const from = performance.now();
    await submit(of);
    times[of]!.push(performance.now() - from);
  }
  return times.map((each) => each.sort((a, b) => a - b));
}

const scraper = setInterval(() => {
  fetch(`http://127.0.0.1:${metricsPort}/metrics`).then((answer) => answer.text(), console.error);
}, scrapeMs);
open.defer(() => clearInterval(scraper));
await round(200);
const rounds: number[][][] = [];
while (rounds.length < pairs) rounds.push(await round(submitsOfEach));

const quantile = (times: readonly number[], share: number) => times[Math.floor(share * times.length)]!;
console.log(`${pairs} pairs of ${submitsOfEach} submits each`);
console.log(`${spans} exports to the collector, ${refused} submits answered 503\n`);
for (const [index, { name }] of compared.entries()) {
  const cells = [0.5, 0.99].map((share) => {
    const { ratio, low, high } = pairedRatio(
      rounds.map((times) => [quantile(times[index]!, share), quantile(times[0]!, share)] as const),
    );
    const all = rounds.map((times) => quantile(times[index]!, share));
    const shown = `p${100 * share} ${Math.min(...all).toFixed(2)} to ${Math.max(...all).toFixed(2)} ms`;
    return index === 0
      ? shown
      : `${shown}, ratio ${ratio.toFixed(3)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
  });
  const together = quantile(
    rounds.flatMap((times) => times[index]!).sort((a, b) => a - b),
    0.99,
  );
  console.log(`${name.padEnd(36)} ${cells.join('   ')}   p99 of all ${together.toFixed(2)} ms`);
}
