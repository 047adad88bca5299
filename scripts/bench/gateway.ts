/**
 * What the gateway costs with an engine that takes no time, beside bare Fastify and bare BullMQ on the same
 * Redis in the same run: from submit to result on an idle queue, and submits and polls at 200 a second with
 * 10,000 requests queued. Gateway, worker, Redis and this load share the machine's cores: node
 * scripts/bench/gateway.ts
 */
import { Queue, QueueEvents, Worker } from 'bullmq';
import { Agent, request } from 'undici';
import { createApiKey } from '../../src/jobs/keys/api-keys.ts';
import { startHeartbeat } from '../../src/jobs/queue/heartbeat.ts';
import { connect, failFastOptions } from '../../src/jobs/redis/connection.ts';
import { startPrivateRedis } from '../../src/jobs/testing/redis-server.ts';
import { workerInfo } from '../../src/jobs/testing/worker-info.ts';
import { execWith } from '../../src/process/exec-with.ts';
import { freePort } from '../../src/testing/free-port.ts';
import { startChild } from './gateway/child.ts';
import { atRate, type Latencies, oneByOne } from './gateway/load.ts';
import type { Row } from './report/row.ts';

const perSecond = 200;
const rounds = 300;

export interface GatewayOptions {
  /** Requests that wait while submits and polls are measured. */
  readonly queued: number;
  /** How long each of the loads lasts. */
  readonly seconds: number;
}

/** One kind of call: its name, its milliseconds, and the p99 wanted of it. */
type Call = readonly [name: string, latencies: Latencies, wanted?: number];

interface Measured {
  readonly calls: readonly Call[];
  /** p50 over that of bare Fastify and bare BullMQ together. */
  readonly ratios: Readonly<Record<string, number>>;
}

async function measure({ queued, seconds }: GatewayOptions): Promise<Measured> {
  await using open = new AsyncDisposableStack();
  const redis = await startPrivateRedis();
  open.defer(() => redis.remove());
  const connection = await connect(redis.url, failFastOptions(), () => undefined);
  open.defer(() => connection.disconnect());
  const heartbeat = await startHeartbeat(
    connection,
    {
      ...workerInfo,
      id: 'stub',
      endpoints: ['sdxl-torch'],
      baseModels: [],
    },
    () => undefined,
  );
  open.defer(() => heartbeat.stop());
  const { key } = await createApiKey(connection, 'bench');
  const dispatcher = new Agent({ connections: 64 });
  open.defer(() => dispatcher.close());
  const [port, barePort] = [await freePort(), await freePort()];
  const base = `http://127.0.0.1:${port}`;
  const bare = `http://127.0.0.1:${barePort}`;
  const endGateway = await startChild(
    '../../../src/gateway/server.ts',
    { REDIS_URL: redis.url, PORT: String(port), MAX_QUEUED: '1000000', NODE_ENV: 'production' },
    'gateway listening',
  );
  open.defer(endGateway);
  open.defer(await startChild('bare-fastify.ts', { PORT: String(barePort) }));

  async function http(method: 'GET' | 'POST', url: string, body?: object): Promise<Buffer> {
    const answer = await request(url, {
      dispatcher,
      method,
      headers: { 'x-api-key': key, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    const bytes = Buffer.from(await answer.body.arrayBuffer());
    if (answer.statusCode !== 200) throw new Error(`${url}: ${answer.statusCode} ${bytes}`);
    return bytes;
  }

  const prompt = 'a (red panda:1.2) reading by candle light, detailed, warm colours';
  const submit = async (): Promise<string> =>
    (
      JSON.parse(String(await http('POST', `${base}/v2/sdxl-torch`, { prompt, seed: 1 }))) as {
        request_id: string;
      }
    ).request_id;
  const bullSettings = { path: redis.url.slice('unix:'.length), maxRetriesPerRequest: null };
  const bareQueue = new Queue('bare', {
    connection: bullSettings,
    defaultJobOptions: { removeOnComplete: 1000 },
  });
  open.defer(() => bareQueue.close());

  const rows: Call[] = [];

  // From submit to result, the queue idle.
  const endWorker = await startChild('stub-worker.ts', { REDIS_URL: redis.url });
  open.defer(endWorker);
  const events = new QueueEvents('bare', { connection: bullSettings });
  open.defer(() => events.close());
  const bareWorker = new Worker('bare', async () => null, { connection: bullSettings });
  await Promise.all([events.waitUntilReady(), bareWorker.waitUntilReady()]);
  const whole = async (): Promise<void> => {
    await http('POST', `${base}/v1/sdxl-torch`, { prompt, seed: 1 });
  };
  const bareJob = async (): Promise<void> => {
    await (await bareQueue.add('job', { prompt })).waitUntilFinished(events);
  };
  const barePost = async (): Promise<void> => {
    await http('POST', `${bare}/submit`, { prompt });
  };
  await Promise.all([oneByOne(50, whole), oneByOne(50, bareJob), oneByOne(50, barePost)]);
  const wholeTime = await oneByOne(rounds, whole);
  const bareJobTime = await oneByOne(rounds, bareJob);
  const barePostTime = await oneByOne(rounds, barePost);
  rows.push(['submit to result (v1), idle queue', wholeTime, 15]);
  rows.push(['  bare BullMQ: add to finished, idle', bareJobTime]);
  rows.push(['  bare Fastify: POST, idle', barePostTime]);
  await Promise.all([endWorker(), bareWorker.close()]);

  // 10,000 queued, nobody works on them.
  const ids: string[] = [];
  while (ids.length < queued)
    ids.push(...(await Promise.all(Array.from({ length: Math.min(50, queued - ids.length) }, submit))));
  for (let left = queued; left > 0; left -= 1000)
    await bareQueue.addBulk(
      Array.from({ length: Math.min(1000, left) }, () => ({ name: 'job', data: { prompt } })),
    );
  await atRate(perSecond, 2, async () => void (await submit()));

  const poll = async (index: number): Promise<void> => {
    await http('GET', `${base}/v2/requests/${ids[(index * 7919) % ids.length]}/status`);
  };
  const submitTime = await atRate(perSecond, seconds, async () => void (await submit()));
  const pollTime = await atRate(perSecond, seconds, poll);
  const mixed = await Promise.all([
    atRate(perSecond / 2, seconds, async () => void (await submit())),
    atRate(perSecond / 2, seconds, poll),
  ]);
  const addTime = await atRate(perSecond, seconds, async () => void (await bareQueue.add('job', { prompt })));
  const getJobTime = await atRate(
    perSecond,
    seconds,
    async (index) => void (await bareQueue.getJob(String(index + 1))),
  );
  const bareSubmitTime = await atRate(perSecond, seconds, barePost);
  const barePollTime = await atRate(perSecond, seconds, async () => void (await http('GET', `${bare}/poll`)));
  rows.push([`submits, ${perSecond}/s, ${queued} queued`, submitTime, 25]);
  rows.push(['  bare BullMQ: add', addTime]);
  rows.push(['  bare Fastify: POST', bareSubmitTime]);
  rows.push([`polls, ${perSecond}/s, ${queued} queued`, pollTime, 20]);
  rows.push(['  bare BullMQ: getJob', getJobTime]);
  rows.push(['  bare Fastify: GET', barePollTime]);
  rows.push([`submits among polls, ${perSecond}/s together`, mixed[0], 25]);
  rows.push(['polls among submits', mixed[1], 20]);

  const ratio = (own: Latencies, ...parts: Latencies[]) =>
    own.p50 / parts.reduce((sum, { p50 }) => sum + p50, 0);
  return {
    calls: rows,
    ratios: {
      'submit to result': ratio(wholeTime, bareJobTime, barePostTime),
      submit: ratio(submitTime, addTime, bareSubmitTime),
      poll: ratio(pollTime, getJobTime, barePollTime),
    },
  };
}

/** Two rows for every kind of call: the median and the slowest hundredth. */
export async function measureGateway(options: GatewayOptions): Promise<Row[]> {
  const { calls } = await measure(options);
  return calls.flatMap(([name, { p50, p99 }]) =>
    Object.entries({ p50, p99 }).map(([quantile, milliseconds]) => ({
      group: 'gateway',
      name: `${name}, ${quantile}`,
      unit: 'ms' as const,
      samples: [milliseconds],
    })),
  );
}

if (import.meta.main) {
  // As src/gateway/server.ts: this process' own collections must not be charged to the server.
  execWith({
    flags: [
      '--external-memory-accounted-in-global-limit',
      '--max-semi-space-size=4',
      '--initial-old-space-size=256',
    ],
    environment: {},
  });
  const { calls, ratios } = await measure({
    queued: Number(process.env.BENCH_QUEUED ?? 10_000),
    seconds: Number(process.env.BENCH_SECONDS ?? 10),
  });
  const line = (name: string, cells: readonly string[]) =>
    console.log(name.padEnd(44), ...cells.map((text) => text.padStart(10)));
  line('milliseconds', ['p50', 'p99', 'largest', 'p99 wanted']);
  for (const [name, { p50, p99, largest }, wanted = ''] of calls)
    line(name, [...[p50, p99, largest].map((each) => each.toFixed(2)), String(wanted)]);
  console.log('\np50 over that of bare Fastify + bare BullMQ');
  for (const [name, ratio] of Object.entries(ratios)) line(name, [ratio.toFixed(2)]);
}
