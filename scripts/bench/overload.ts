/**
 * What a gateway takes where 500 clients ask too much of it at once, of every kind in turn: node
 * scripts/bench/overload.ts [--clients 500] [--seconds 30]. Ends with 1 where its memory passes 600 MB or the
 * p99 of its healthz 250 ms. Everything runs on this machine, so the clients take processor time from the
 * gateway.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { Agent, request } from 'undici';
import { restrictedSharp } from '../../src/images/restricted-sharp.ts';
import { createApiKey } from '../../src/jobs/keys/api-keys.ts';
import { startHeartbeat } from '../../src/jobs/queue/heartbeat.ts';
import { connect, failFastOptions } from '../../src/jobs/redis/connection.ts';
import { startPrivateRedis } from '../../src/jobs/testing/redis-server.ts';
import { freePort } from '../../src/testing/free-port.ts';
import { startChild } from './gateway/child.ts';

const { values } = parseArgs({
  options: { clients: { type: 'string', default: '500' }, seconds: { type: 'string', default: '30' } },
});
const clients = Number(values.clients);
const seconds = Number(values.seconds);
const mostMegabytes = 600;
const slowestMs = 250;

const open = new AsyncDisposableStack();
const redis = await startPrivateRedis();
open.defer(() => redis.remove());
const connection = await connect(redis.url, failFastOptions(), () => undefined);
open.defer(() => connection.disconnect());
const worker = {
  ...{ id: 'stub', device: 'cpu', endpoints: ['sdxl-torch', 'sdxl-img2img'] as const, refiner: true },
  ...{ baseModels: ['juggernaut'], sizeMultiple: 8, resident: [], busy: false },
};
const heartbeat = await startHeartbeat(connection, worker, () => undefined);
open.defer(() => heartbeat.stop());
const { key } = await createApiKey(connection, 'overload');

/** A server that sends a picture's bytes very slowly. */
const slow = http.createServer((_, response) => {
  response.writeHead(200, { 'content-type': 'image/jpeg' });
  const drip = setInterval(() => response.write(Buffer.alloc(1000, 1)), 200);
  response.once('close', () => clearInterval(drip));
});
const slowPort = await freePort();
await new Promise<void>((resolve) => slow.listen(slowPort, '127.0.0.1', resolve));
open.defer(() => {
  slow.closeAllConnections();
  slow.close();
});

const port = await freePort();
const base = `http://127.0.0.1:${port}`;
const environment = {
  ...{ REDIS_URL: redis.url, PORT: String(port), MAX_QUEUED: '1000000', NODE_ENV: 'production' },
  IMAGE_URL_ALLOW: `127.0.0.1:${slowPort}`,
};
let pid = 0;
open.defer(
  await startChild('../../../src/gateway/server.ts', environment, 'gateway listening', (child) => {
    pid = child;
  }),
);

const noise = { type: 'gaussian', mean: 128, sigma: 30 } as const;
const photo = (side: number) =>
  restrictedSharp({ create: { width: side, height: side, channels: 3, background: '#000', noise } });
const progressive = await photo(3900).jpeg({ progressive: true, quality: 85 }).toBuffer();
const large = Buffer.concat([await photo(4000).jpeg({ quality: 100 }).toBuffer(), Buffer.alloc(14_000_000)]);
const base64 = progressive.toString('base64');
const prompt = 'a panda';

const end = performance.now() + seconds * 1000;
/** What is still on its way then is given up. */
const over = AbortSignal.timeout(seconds * 1000 + 2000);
const dispatcher = new Agent({ connections: clients, headersTimeout: 120_000, bodyTimeout: 120_000 });
open.defer(() => dispatcher.destroy());
interface Sent {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Made once: the clients should cost little themselves. */
function form(picture: Buffer): Sent {
  const part = (name: string) => `--x\r\nContent-Disposition: form-data; name="${name}"`;
  const start = `${part('prompt')}\r\n\r\n${prompt}\r\n${part('image')}; filename="a.jpg"\r\n\r\n`;
  const body = Buffer.concat([Buffer.from(start), picture, Buffer.from('\r\n--x--\r\n')]);
  return { headers: { 'x-api-key': key, 'content-type': 'multipart/form-data; boundary=x' }, body };
}

function text(body: string): Sent {
  return { headers: { 'x-api-key': key, 'content-type': 'application/json' }, body: Buffer.from(body) };
}

async function send(path: string, sent: Sent): Promise<number> {
  const answer = await request(base + path, { dispatcher, signal: over, method: 'POST', ...sent });
  await answer.body.dump();
  return answer.statusCode;
}

/** Every kind of client; client i is of kind i modulo their number. */
const kinds: Readonly<Record<string, readonly [path: string, sent: Sent]>> = {
  'upload of 30 MB': ['/v2/sdxl-img2img', form(large)],
  'progressive JPEG of 15 MP': ['/v2/sdxl-img2img', form(progressive)],
  'the same in base64': ['/v2/sdxl-img2img', text(JSON.stringify({ prompt, image: base64 }))],
  'address that drips': [
    '/v2/sdxl-img2img',
    text(JSON.stringify({ prompt, image: `http://127.0.0.1:${slowPort}/a.jpg` })),
  ],
  'edit with a size': [
    '/v1/images/edits',
    text(JSON.stringify({ prompt, image: base64, size: '1024x1024' })),
  ],
  'over-long prompt': ['/v2/sdxl-torch', text(JSON.stringify({ prompt: 'qzxj '.repeat(6000) }))],
  'deep JSON': ['/v2/sdxl-torch', text('['.repeat(1_000_000))],
  'upload without a key': [
    '/v2/sdxl-img2img',
    { headers: { 'content-type': 'application/json' }, body: large },
  ],
  'plain submit': ['/v2/sdxl-torch', text(JSON.stringify({ prompt }))],
};

const answers = new Map<string, Map<string, number>>();
async function client(kind: string): Promise<void> {
  const counts = answers.get(kind) ?? new Map<string, number>();
  answers.set(kind, counts);
  while (performance.now() < end) {
    const outcome = await send(...kinds[kind]!).then(
      String,
      (error: NodeJS.ErrnoException) => error.code ?? error.name,
    );
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    if (outcome !== '200') await delay(200);
  }
}

/** `VmHWM`, the most that the process has had in memory, in MB. */
const peak = () => Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1000;
const before = peak();
const watcher = new Worker(new URL('gateway/watch-health.ts', import.meta.url), {
  workerData: { url: `${base}/healthz`, milliseconds: seconds * 1000 },
});
const watched = once(watcher, 'message') as Promise<[number[]]>;
const names = Object.keys(kinds);
// A client whose answer never comes, although it has been given up, is left.
const everybody = Array.from({ length: clients }, (_, index) => client(names[index % names.length]!));
await Promise.race([Promise.all(everybody), delay(seconds * 1000 + 10_000, undefined, { ref: false })]);
const [health] = await watched;

for (const [kind, counts] of answers)
  console.log(`${kind}: ${[...counts].map(([outcome, count]) => `${outcome} x ${count}`).join(', ')}`);
const sorted = health.toSorted((a, b) => a - b);
const p99 = sorted[Math.floor(sorted.length * 0.99)]!;
console.log(
  `${clients} clients, ${seconds} s: memory ${before.toFixed(0)} MB before, ${peak().toFixed(0)} MB at most ` +
    `(bound ${mostMegabytes}); healthz p50 ${sorted[sorted.length >> 1]!.toFixed(1)} ms, p99 ${p99.toFixed(0)} ms, ` +
    `slowest ${sorted.at(-1)!.toFixed(0)} ms of ${sorted.length} (bound ${slowestMs})`,
);
const isBroken = peak() > mostMegabytes || p99 > slowestMs;
await Promise.race([open.disposeAsync(), delay(20_000)]);
process.exit(isBroken ? 1 : 0);
