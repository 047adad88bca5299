import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { freePort } from '../../../src/testing/free-port.ts';
import { after, before } from '../../../src/testing/hooks.ts';
import { type CollectedSpan, type Collector, startCollector } from './testing/collector.ts';
import { type StartedServer, startServer } from './testing/started-server.ts';

const entry = path.join(import.meta.dirname, 'testing/start-without-engine.ts');
const observability = path.resolve(import.meta.dirname, '../../../deploy/observability');

let server: StartedServer;
let port: number;
let collector: Collector;
const trace = '4bf92f3577b34da6a3ce929d0e0e4736';
const clientSpan = '00f067aa0ba902b7';

before(async () => {
  // The worker takes the port behind the gateway's.
  port = await freePort();
  collector = await startCollector();
  const environment = {
    METRICS_PORT: String(port),
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: '100',
  };
  server = await startServer(environment, entry);
  const submit = (body: object) =>
    fetch(`${server.url}/v1/sdxl-torch`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'x-api-key': server.key,
        'x-request-id': 'order-17',
        traceparent: `00-${trace}-${clientSpan}-01`,
      },
      body: JSON.stringify(body),
    });
  for (const body of [{ prompt: 'a picture', samples: 2, refiner: false }, { prompt: '' }])
    await (await submit(body)).arrayBuffer();
});
after(async () => {
  await server.stop();
  collector.close();
});

async function scrape(at: number, accept = ''): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${at}/metrics`, { headers: { accept } });
  assert.equal(answer.status, 200);
  return await answer.text();
}

/** Names of everything that Prometheus would store, with `_bucket` and so on. */
function namesIn(text: string): Set<string> {
  const declared = [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
  );
  return new Set(declared);
}

function sampleOf(text: string, sample: string): number | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${sample} `));
  return line === undefined ? undefined : Number(line.slice(sample.length + 1));
}

test('gateway and worker count what a request was: accepted, refused, made, timed', async () => {
  const gateway = await scrape(port);
  assert.equal(sampleOf(gateway, 'sdxl_requests_accepted_total{endpoint="sdxl-torch"}'), 1);
  assert.equal(sampleOf(gateway, 'sdxl_credits_charged_total'), 2);
  assert.equal(sampleOf(gateway, 'sdxl_requests_refused_total{reason="invalidParameter"}'), 1);
  const answered = 'sdxl_http_requests_total{route="/v1/sdxl-torch",method="POST",status';
  assert.equal(sampleOf(gateway, `${answered}="200"}`), 1, gateway);
  assert.equal(sampleOf(gateway, `${answered}="400"}`), 1);
  assert.equal(sampleOf(gateway, 'sdxl_redis_up'), 1);
  assert.equal(sampleOf(gateway, 'sdxl_queue_requests{state="waiting"}'), 0);
  assert.equal(sampleOf(gateway, 'sdxl_workers{device="cpu",state="idle"}'), 1);

  const worker = await scrape(port + 1);
  assert.equal(sampleOf(worker, 'sdxl_requests_total{endpoint="sdxl-torch",status="completed"}'), 1);
  const made = '{endpoint="sdxl-torch",model="sdxl-base"}';
  assert.equal(sampleOf(worker, `sdxl_pictures_total${made}`), 2);
  assert.equal(sampleOf(worker, `sdxl_pixels_total${made}`), 2 * 1024 * 1024);
  assert.equal(sampleOf(worker, 'sdxl_queue_wait_seconds_count{endpoint="sdxl-torch"}'), 1);
  assert.equal(sampleOf(worker, 'sdxl_engine_ready{device="cpu"}'), 1);
  assert.ok(sampleOf(worker, 'sdxl_engine_resident_memory_bytes{device="cpu"}')! > 1e6);
});

test('no label holds a prompt, a key or an id', async () => {
  for (const text of [await scrape(port), await scrape(port + 1)]) {
    assert.ok(!text.includes('a picture') && !text.includes(server.key));
    assert.doesNotMatch(text, /[0-9a-f]{8}-[0-9a-f]{4}-/);
  }
});

test('every metric of the alert rules and of the dashboard is exported', async () => {
  const exported = namesIn((await scrape(port)) + (await scrape(port + 1)));
  for (const file of ['alerts.yaml', 'dashboard.json']) {
    const used = readFileSync(path.join(observability, file), 'utf8').match(/\bsdxl_\w+/g)!;
    assert.ok(used.length > 10);
    for (const name of used) assert.ok(exported.has(name), `${file} asks for ${name}`);
  }
});

test('docs/operate.md explains every metric that is exported, and every alert', async () => {
  const page = readFileSync(path.resolve(observability, '../../docs/operate.md'), 'utf8');
  const firstCells = page.split('\n').flatMap((line) => /^\| (`.*?) \| /.exec(line)?.[1] ?? []);
  const metrics = firstCells.flatMap((cell) => cell.match(/\b(?:sdxl|process)_\w+/g) ?? []);
  const scraped = (await scrape(port)) + (await scrape(port + 1));
  const exported = [...scraped.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name!);
  assert.deepEqual(metrics.toSorted(), [...new Set(exported)].sort());
  const rules = readFileSync(path.join(observability, 'alerts.yaml'), 'utf8');
  const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => `\`${name}\``);
  assert.deepEqual(
    firstCells.filter((cell) => cell.startsWith('`Sdxl')),
    alerts,
  );
});

const promtool = (args: string[], input?: string) => spawnSync('promtool', args, { input, encoding: 'utf8' });
const withoutPromtool = promtool(['--version']).error && 'no promtool on the PATH (Debian: prometheus)';

test('promtool accepts the exposition and the rules', { skip: withoutPromtool }, async () => {
  for (const at of [port, port + 1]) {
    const { status, stdout, stderr } = promtool(['check', 'metrics'], await scrape(at));
    assert.equal(status, 0, stdout + stderr);
  }
  const { status, stdout, stderr } = promtool(['check', 'rules', path.join(observability, 'alerts.yaml')]);
  assert.equal(status, 0, stdout + stderr);
});

test('a scraper that asks for OpenMetrics gets it, ended as it must be', async () => {
  const text = await scrape(port, 'application/openmetrics-text;version=1.0.0,text/plain;q=0.5');
  assert.ok(text.endsWith('# EOF\n'));
  assert.match(text, /^# TYPE sdxl_requests_accepted counter$/m);
  assert.match(text, /^sdxl_requests_accepted_total\{endpoint="sdxl-torch"\} 1$/m);
});

test('an engine that crashes is counted', { timeout: 30_000 }, async () => {
  const before = await scrape(port + 1);
  assert.equal(sampleOf(before, 'sdxl_engine_starts_total{device="cpu"}'), 1);
  await fetch(`${server.url}/v2/sdxl-torch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': server.key },
    body: JSON.stringify({ prompt: 'a picture crashAt=1 stepMs=20', refiner: false }),
  });
  for (;;) {
    const text = await scrape(port + 1);
    if ((sampleOf(text, 'sdxl_engine_losses_total{device="cpu",reason="crashed"}') ?? 0) > 0) break;
    await setTimeout(50);
  }
});

test('the address of the metrics serves nothing else', async () => {
  assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 404);
  assert.equal((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST' })).status, 405);
});

test('the trace of a request reaches from its client to the stages of its picture', {
  timeout: 30_000,
}, async () => {
  const named = async (name: string): Promise<CollectedSpan> => {
    for (;;) {
      const found = collector.spans().find((span) => span.name === name && span.traceId === trace);
      if (found !== undefined) return found;
      await setTimeout(20);
    }
  };
  const http = await named('POST /v1/sdxl-torch');
  assert.equal(http.parentSpanId, clientSpan);
  assert.equal(http.attributes['http.response.status_code'], 200);
  const [queue, generate, stage] = [await named('queue'), await named('generate'), await named('base')];
  assert.equal(queue.parentSpanId, http.spanId);
  assert.equal(generate.parentSpanId, http.spanId);
  assert.equal(generate.attributes['sdxl.model'], 'sdxl-base');
  assert.equal(stage.parentSpanId, generate.spanId);
  assert.ok(stage.startMs >= generate.startMs - 1 && stage.endMs <= generate.endMs + 1);
  assert.ok(queue.endMs <= generate.startMs + 1 && queue.startMs >= http.startMs - 1);
  assert.deepEqual([http.service, generate.service], ['sdxl-gateway', 'sdxl-worker']);
  assert.ok(!JSON.stringify(collector.spans()).includes('a picture'));
});

test("what a client calls its request stands in the gateway's and the worker's log", () => {
  const lines = server.printed().split('\n');
  assert.ok(
    lines.some((line) => line.includes('request completed') && line.includes('order-17')),
    server.printed(),
  );
  assert.ok(lines.some((line) => line.includes('job started') && line.includes('order-17')));
});
