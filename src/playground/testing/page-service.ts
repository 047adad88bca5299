import sharp from 'sharp';
import { readConfig } from '../../config/config.ts';
import type { GenerationRequest } from '../../contract/generation.ts';
import { buildApp } from '../../gateway/app.ts';
import { type GatewaySettings, gatewayLimits } from '../../gateway/gateway.ts';
import { createLogger } from '../../gateway/http/logging.ts';
import { createPromptCheck } from '../../gateway/submit/prompt-check.ts';
import { startTestBacking } from '../../gateway/testing/backing.ts';
import type { Generate } from '../../jobs/generate.ts';
import { createApiKey } from '../../jobs/keys/api-keys.ts';
import type { Producer } from '../../jobs/producer.ts';
import type { WorkerInfo } from '../../jobs/queue/heartbeat.ts';
import { workerInfo } from '../../jobs/testing/worker-info.ts';

/** The real gateway on the network, and a worker whose pictures are of one colour, that of their seed. */
export interface PageService {
  readonly base: string;
  readonly key: string;
  readonly producer: Producer;
  /** Requests the worker has begun. */
  readonly begun: readonly GenerationRequest[];
  /** Input pictures it was given, PNG. */
  readonly inputs: readonly Buffer[];
  /** Lets the running request with the prompt "hold" go on to its end. */
  letGo(): void;
  close(): Promise<void>;
}

const worker: WorkerInfo = {
  ...workerInfo,
  baseModels: ['juggernaut', 'realvis', 'turbo'],
  models: [
    { name: 'base', serves: ['sdxl-base', 'juggernaut'], loaded: true },
    {
      ...{ name: 'turbo', serves: ['turbo'], loaded: false },
      profile: {
        defaults: { scheduler: 'Euler a', steps: 4, guidanceScale: 1, width: 512, height: 512 },
        ranges: { steps: [1, 8], guidanceScale: [0, 2] },
      },
    },
  ],
  loras: {
    usable: [
      { name: 'ink', kind: 'lora', trigger_words: ['ink drawing'] },
      { name: 'styles/pixel', kind: 'loha', trigger_words: [] },
    ],
    broken: [],
  },
  embeddings: {
    usable: [
      { name: 'ugly', kind: 'textual inversion', trigger_words: [], tokens: 8 },
      { name: 'styles/fresco', kind: 'textual inversion', trigger_words: [], tokens: 2 },
    ],
    broken: [],
  },
  knownWords: [
    {
      name: 'the small checkpoint',
      note: 'it draws shapes',
      words: ['a', 'red', 'blue', 'star', 'circle', 'hold'],
      examples: ['a red star', 'a blue circle'],
      model: 'small',
      serves: ['sdxl-base', 'juggernaut'],
    },
  ],
};

/** A picture of one colour. */
export async function plainPicture(seed: number, side = 64): Promise<Buffer> {
  const [r, g, b] = [seed % 256, (seed * 7) % 256, (seed * 31) % 256];
  const create = { width: side, height: side, channels: 3, background: { r: r!, g: g!, b: b! } } as const;
  return await sharp({ create }).jpeg().toBuffer();
}

const stepMs = 10;

export async function startPageService(own: Partial<GatewaySettings> = {}): Promise<PageService> {
  const begun: GenerationRequest[] = [];
  const inputs: Buffer[] = [];
  let open: () => void = () => undefined;
  const generate: Generate = async (request, { signal, progress, inputImage }) => {
    begun.push(request);
    if (request.endpoint === 'sdxl-img2img') inputs.push(await inputImage());
    const preview = await plainPicture(request.seed, 16);
    const { samples, steps } = request;
    for (let step = 1; step <= steps; step++) {
      progress({ sample: 0, samples, step, steps }, step === 2 ? preview : undefined);
      await new Promise((resolve) => setTimeout(resolve, stepMs));
      signal.throwIfAborted();
      if (step === 3 && request.prompt === 'hold')
        await new Promise<void>((resolve, reject) => {
          open = resolve;
          signal.addEventListener('abort', () => reject(signal.reason));
        });
    }
    const seeds = Array.from({ length: samples }, (_, index) => request.seed + index);
    return {
      pictures: await Promise.all(seeds.map(async (seed) => ({ bytes: await plainPicture(seed), seed }))),
      checkpoints: ['small'],
      inferenceSeconds: 0.25,
      stageSeconds: {},
      determinism: {
        checkpoints: [{ name: 'small', weights: { 'unet/model.safetensors': 'aa' } }],
        device: 'cpu',
        runtime: 'none 1',
        precision: 'float32',
        scheduler: request.scheduler,
        rng: request.rng,
        images: seeds.map((seed) => ({ seed, latentSha256: `latents of ${seed}` })),
      },
    };
  };
  const backing = await startTestBacking(worker, generate);
  const { producer } = backing;
  const { key } = await createApiKey(producer.redis, 'page test');
  const app = await buildApp(
    {
      producer,
      ...(await createPromptCheck(16)),
      fetchImage: { fetch: () => plainPicture(200, 96), close: async () => undefined },
      settings: { ...readConfig({}), ...gatewayLimits, ...own },
    },
    createLogger('silent'),
  );
  const base = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    ...{ base, key, producer, begun, inputs },
    letGo: () => open(),
    close: async () => {
      await app.close();
      await backing.close();
    },
  };
}
