import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { TextToImageRequest } from '../contract/generation.ts';
import { type Consumer, consume, type Generate, type GenerationOutput } from './consumer.ts';
import { JobError, unexplainedFailure } from './job-error.ts';
import { readOutput } from './pictures.ts';
import { type PrivateRedis, startPrivateRedis } from './private-redis.ts';
import { openProducer, type Producer } from './producer.ts';

const log = { info: () => {}, warn: () => {}, error: () => {} };
const lifetimes = { retentionSeconds: 60, deadlineSeconds: 60 };
const request: TextToImageRequest = {
  endpoint: 'sdxl-torch',
  prompt: 'a panda',
  negativePrompt: '',
  samples: 2,
  scheduler: 'UniPC',
  steps: 20,
  guidanceScale: 7.5,
  strength: 0.2,
  seed: 7,
  base64: false,
  outputFormat: 'jpeg',
  rng: 'philox',
  style: 'base',
  highNoiseFraction: 0.8,
  refiner: true,
  width: 1024,
  height: 1024,
};
const output = (...seeds: number[]): GenerationOutput => ({
  pictures: seeds.map((seed) => ({ bytes: Buffer.from(`picture ${seed}`), seed })),
  checkpoints: ['tiny'],
  inferenceSeconds: 0.5,
  stageSeconds: { base: 0.4 },
});

let redis: PrivateRedis;
let producer: Producer;
let consumers: Consumer[] = [];

before(async () => {
  redis = await startPrivateRedis();
  producer = await openProducer({ redisUrl: redis.url, log, lifetimes });
});
after(async () => {
  await producer.close();
  await redis.remove();
});

async function withConsumer(generate: Generate, body: (consumer: Consumer) => Promise<void>, options = {}) {
  const consumer = await consume({ redisUrl: redis.url, generate, log, lifetimes, ...options });
  consumers.push(consumer);
  try {
    await body(consumer);
  } finally {
    await Promise.all(consumers.map((each) => each.close()));
    consumers = [];
  }
}

const submit = async (overrides: Partial<TextToImageRequest> = {}): Promise<string> => {
  const id = randomUUID();
  await producer.submit(id, 'owner', { ...request, ...overrides });
  return id;
};

test('a request is QUEUED as soon as it is submitted and COMPLETED with its pictures once a worker has it', async () => {
  const id = await submit();
  const queued = await producer.read(id);
  assert.equal(queued?.status, 'QUEUED');
  assert.equal(queued.owner, 'owner');
  assert.deepEqual(queued.request, request);
  await withConsumer(
    async ({ seed }) => output(seed, seed + 1),
    async () => {
      const record = await producer.waitFor(id, 10_000);
      assert.equal(record?.status, 'COMPLETED');
      assert.equal(record.attempts, 1);
      assert.ok(record.submittedAt <= record.startedAt! && record.startedAt! <= record.finishedAt!);
      assert.deepEqual(
        record.result?.images.map(({ seed, contentType, byteLength }) => ({ seed, contentType, byteLength })),
        [
          { seed: 7, contentType: 'image/jpeg', byteLength: 9 },
          { seed: 8, contentType: 'image/jpeg', byteLength: 9 },
        ],
      );
      const picture = await readOutput(producer.redis, record.result!.images[1]!.path);
      assert.equal(picture?.bytes.toString(), 'picture 8');
    },
  );
});

test('an error that may pass is tried once more; one that may not ends the request with its own words', async () => {
  let attempts = 0;
  await withConsumer(
    async ({ prompt, seed }) => {
      if (prompt === 'hopeless') throw new JobError('The picture contains NaN', { retryable: false });
      if (prompt === 'secret') throw new Error('at /srv/secret.ts:12');
      attempts += 1;
      if (attempts === 1) throw new JobError('The engine stopped', { retryable: true });
      return output(seed);
    },
    async () => {
      const [flaky, hopeless, secret] = await Promise.all([
        submit(),
        submit({ prompt: 'hopeless' }),
        submit({ prompt: 'secret' }),
      ]);
      const records = await Promise.all([flaky, hopeless, secret].map((id) => producer.waitFor(id, 15_000)));
      assert.deepEqual(
        records.map((record) => [record?.status, record?.attempts, record?.error]),
        [
          ['COMPLETED', 2, undefined],
          ['FAILED', 1, 'The picture contains NaN'],
          ['FAILED', 2, unexplainedFailure],
        ],
      );
    },
  );
});
