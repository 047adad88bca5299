import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { freePort } from '../../../src/testing/free-port.ts';
import { type StartedServer, startServer } from './testing/started-server.ts';

const entry = path.join(import.meta.dirname, 'testing/start-without-engine.ts');
const observability = path.resolve(import.meta.dirname, '../../../deploy/observability');

let server: StartedServer;
let port: number;

before(async () => {
  // The worker takes the port behind the gateway's.
  port = await freePort();
  server = await startServer({ METRICS_PORT: String(port) }, entry);
  const submit = (body: object) =>
    fetch(`${server.url}/v1/sdxl-torch`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-api-key': server.key },
      body: JSON.stringify(body),
    });
  for (const body of [{ prompt: 'a picture', samples: 2, refiner: false }, { prompt: '' }])
    await (await submit(body)).arrayBuffer();
});
after(() => server.stop());

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
  assert.equal(sampleOf(worker, 'sdxl_engine_ready'), 1);
  assert.ok(sampleOf(worker, 'sdxl_engine_resident_memory_bytes')! > 1e6);
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
  assert.equal(sampleOf(before, 'sdxl_engine_starts_total'), 1);
  await fetch(`${server.url}/v2/sdxl-torch`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': server.key },
    body: JSON.stringify({ prompt: 'a picture crashAt=1 stepMs=20', refiner: false }),
  });
  for (;;) {
    const text = await scrape(port + 1);
    if ((sampleOf(text, 'sdxl_engine_losses_total{reason="crashed"}') ?? 0) > 0) break;
    await setTimeout(50);
  }
});

test('the address of the metrics serves nothing else', async () => {
  assert.equal((await fetch(`http://127.0.0.1:${port}/healthz`)).status, 404);
  assert.equal((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST' })).status, 405);
});
