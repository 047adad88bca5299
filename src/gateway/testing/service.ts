import { setTimeout } from 'node:timers/promises';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { readConfig } from '../../config/config.ts';
import type { GenerationRequest, TextToImageRequest } from '../../contract/generation.ts';
import { infotextOf } from '../../contract/infotext/request-infotext.ts';
import { encodeImage, encodePreview } from '../../images/encode-image.ts';
import { embedParameters } from '../../images/metadata/embed-parameters.ts';
import type { Generate } from '../../jobs/generate.ts';
import { JobError } from '../../jobs/job-error.ts';
import { createApiKey } from '../../jobs/keys/api-keys.ts';
import type { Producer } from '../../jobs/producer.ts';
import type { WorkerInfo } from '../../jobs/queue/heartbeat.ts';
import type { PrivateRedis } from '../../jobs/testing/redis-server.ts';
import { workerInfo } from '../../jobs/testing/worker-info.ts';
import { software } from '../../process/software.ts';
import { buildApp } from '../app.ts';
import { type GatewaySettings, gatewayLimits } from '../gateway.ts';
import { createLogger } from '../http/logging.ts';
import type { ImageFetcher } from '../outbound/fetch-image.ts';
import { createPromptCheck } from '../submit/prompt-check.ts';
import { type BackingOptions, startTestBacking } from './backing.ts';

/**
 * A whole service for tests: the real gateway and queue on a private Redis, and a worker whose pictures say
 * their seed.
 */
export interface TestService {
  readonly app: FastifyInstance;
  readonly redis: PrivateRedis;
  readonly producer: Producer;
  readonly key: string;
  /** A valid key of somebody else. */
  readonly otherKey: string;
  /** Lines of the gateway's log so far. */
  readonly log: readonly string[];
  /** Input pictures the worker has been given, PNG. */
  readonly inputs: readonly Buffer[];
  /** Requests the worker has begun. */
  readonly started: readonly GenerationRequest[];
  /** The last of them. @throws Error where that is one of image to image. */
  lastTextToImage(): TextToImageRequest;
  post(
    url: string,
    body: unknown,
    headers?: Record<string, string>,
    app?: FastifyInstance,
  ): Promise<LightMyRequestResponse>;
  get(url: string, key?: string): Promise<LightMyRequestResponse>;
  /** Submits to v2 and returns the id. */
  submitted(body: object): Promise<string>;
  ended(id: string): Promise<void>;
  /** Another gateway on the same queue. */
  gateway(settings: Partial<GatewaySettings>): Promise<FastifyInstance>;
  /** Withdraws and brings back the worker's sign of life. */
  heartbeat(alive: boolean): Promise<void>;
  close(): Promise<void>;
}

export const publicUrl = 'http://gw.example:8080';

/** A grey PNG. */
export function picture(width: number, height: number): Promise<Buffer> {
  return encodeImage(new Float32Array(3 * width * height), width, height, 'png');
}

/** The prompts "NaN" and "unsafe" fail, "slow" takes its time, "watched" shows itself on the way. */
function fakeWorker(inputs: Buffer[], started: GenerationRequest[]): Generate {
  return async (request: GenerationRequest, { inputImage, progress, signal }) => {
    started.push(request);
    if (request.endpoint === 'sdxl-img2img') inputs.push(await inputImage());
    if (request.prompt === 'NaN') throw new JobError('The latents contain NaN', { retryable: false });
    if (request.prompt === 'unsafe')
      throw new JobError('The picture was blocked by the safety checker', { retryable: false });
    if (request.prompt === 'slow') await setTimeout(1500, undefined, { signal });
    if (request.prompt === 'watched') await show(progress);
    progress({ sample: 0, samples: request.samples, step: 1, steps: request.steps });
    return {
      pictures: await Promise.all(
        Array.from({ length: request.samples }, async (_, index) => {
          const seed = request.seed + (request.variation ? 0 : index);
          const isPainted = request.prompt.includes('painted');
          const bytes = isPainted
            ? await paint(request, index, seed)
            : Buffer.from(`picture of seed ${seed}`);
          return { bytes, seed };
        }),
      ),
      checkpoints: ['tiny'],
      inferenceSeconds: 1.25,
      stageSeconds: { base: 1 },
    };
  };
}

async function paint(request: GenerationRequest, index: number, seed: number): Promise<Buffer> {
  const { width = 64, height = 64, outputFormat } = request;
  const pixels = Float32Array.from({ length: 3 * width * height }, (_, at) => Math.sin(at / 100 + seed));
  const bytes = await encodeImage(pixels, width, height, outputFormat);
  if (request.embedParameters !== true) return bytes;
  const text = infotextOf(request, { index, seed, width, height, software });
  return embedParameters(bytes, outputFormat, { text, software, width, height }).bytes;
}

/** Eight steps of one sample, each with a small picture, slowly enough to be seen. */
async function show(progress: Parameters<Generate>[1]['progress']): Promise<void> {
  for (let step = 1; step <= 8; step++) {
    progress({ sample: 0, samples: 1, step, steps: 8 }, await encodePreview(new Float32Array(192), 8, 8));
    await setTimeout(40);
  }
}

/** Every address leads to the same picture. */
const samePicture: ImageFetcher = { fetch: () => picture(96, 72), close: async () => undefined };

export async function startTestService(
  own: Partial<GatewaySettings> = {},
  fetchImage = samePicture,
  workerFacts: Partial<WorkerInfo> = {},
  backed: BackingOptions = {},
): Promise<TestService> {
  const worker = { ...workerInfo, ...workerFacts };
  const log: string[] = [];
  const inputs: Buffer[] = [];
  const started: GenerationRequest[] = [];
  const backing = await startTestBacking(worker, fakeWorker(inputs, started), backed);
  const { redis, producer, heartbeat } = backing;
  const { key } = await createApiKey(producer.redis, 'test');
  const { key: otherKey } = await createApiKey(producer.redis, 'other');
  const prompts = await createPromptCheck(16);
  const gateway = (settings: Partial<GatewaySettings>) =>
    buildApp(
      {
        producer,
        fetchImage,
        ...prompts,
        settings: { ...readConfig({}), ...gatewayLimits, publicUrl, ...settings },
      },
      createLogger('info', { write: (line) => void log.push(line) }),
    );
  const app = await gateway(own);
  const post: TestService['post'] = (url, body, headers = {}, on = app) =>
    on.inject({ method: 'POST', url, payload: body as object, headers: { 'x-api-key': key, ...headers } });
  return {
    ...{ app, redis, producer, key, otherKey, log, inputs, started, gateway, post, heartbeat },
    lastTextToImage: () => {
      const request = started.at(-1);
      if (request?.endpoint !== 'sdxl-torch')
        throw new Error('the last request was not one of text to image');
      return request;
    },
    get: (url, apiKey = key) => app.inject({ url, headers: { 'x-api-key': apiKey } }),
    submitted: async (body) => {
      const response = await post('/v2/sdxl-torch', body);
      if (response.statusCode !== 200) throw new Error(response.body);
      return response.json().request_id;
    },
    ended: async (id) => {
      await producer.waitFor(id, 10_000);
    },
    close: async () => {
      await app.close();
      await backing.close();
    },
  };
}
