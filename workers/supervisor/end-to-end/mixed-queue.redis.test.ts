import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { quickVariant, writeTinyCheckpoints } from '../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { readConfig } from '../../../src/config/config.ts';
import type { TextToImageRequest } from '../../../src/contract/generation.ts';
import { openSdxlGenerator } from '../../engine/open-generator.ts';
import { fakeRequest, openTestQueue, silentLog } from '../../testing/queue.ts';
import { writeTinyLora } from '../../testing/tiny-lora.ts';
import { type RunningWorker, runWorker } from '../run-worker.ts';

/** The real engine on two workers. MIXED_QUEUE is how many requests, 100 in the number that is published. */
const count = Number(process.env.MIXED_QUEUE ?? 0);
const skip = count === 0 && 'it takes a minute: MIXED_QUEUE=100 asks for it';

const folder = mkdtempSync(path.join(tmpdir(), 'mixed-queue-'));
after(() => rmSync(folder, { recursive: true }));

test('every picture of two models and two LoRAs in one queue is the one made alone, whoever made it', {
  skip,
  timeout: 600_000,
}, async (context) => {
  const modelsDir = path.join(folder, 'models');
  mkdirSync(modelsDir);
  for (const [seed, name] of ['sdxl-base', 'other'].entries()) {
    const { base } = await writeTinyCheckpoints(path.join(folder, name), { ...quickVariant, seed });
    cpSync(base, path.join(modelsDir, name), { recursive: true });
  }
  const base = path.join(modelsDir, 'sdxl-base');
  for (const [name, sign] of [
    ['one', 1],
    ['two', -1],
  ] as const)
    await writeTinyLora(modelsDir, base, name, sign);
  const requests = Array.from({ length: count }, (_, index): TextToImageRequest => {
    // A walk that comes back to every pair of model and LoRA, in no order.
    const draw = (index * 7 + Math.floor(index / 6)) % 6;
    const lora = [undefined, 'one', 'two'][draw % 3];
    return {
      ...{ ...fakeRequest('a red fox', 2), seed: 1000 + index, width: 64, height: 64 },
      ...(draw >= 3 && { model: 'other' }),
      ...(lora && { loras: [{ name: lora, weight: 0.8 }] }),
    };
  });

  const queue = await openTestQueue();
  const told: string[] = [];
  const workers: RunningWorker[] = [];
  const settings = { MODELS_DIR: modelsDir, RESIDENT_MODELS: '1', DEVICE: 'cpu', LORA_VARIANTS: '1' };
  for (const name of ['a', 'b'])
    workers.push(
      await runWorker({
        config: readConfig({ ...settings, DATA_DIR: path.join(folder, name), WORKER_NAME: name }),
        redisUrl: queue.redis.url,
        engineFile: path.join(import.meta.dirname, '../../engine.ts'),
        log: { ...silentLog, info: (_: object, message: string) => void told.push(`${name}: ${message}`) },
        onHopeless: (error) => assert.fail(error),
      }),
    );
  const began = performance.now();
  const ids = [];
  for (const request of requests) ids.push(await queue.submit(request));
  const records = [];
  for (const id of ids) records.push((await queue.producer.waitFor(id, 300_000))!);
  const seconds = (performance.now() - began) / 1000;
  for (const worker of workers) await worker.close();
  await queue.close();

  const alone = await openSdxlGenerator(
    readConfig({
      ...settings,
      RESIDENT_MODELS: '2',
      LORA_VARIANTS: '4',
      DATA_DIR: path.join(folder, 'alone'),
    }),
  );
  const never = new AbortController().signal;
  for (const [index, { status, error, result }] of records.entries()) {
    assert.equal(status, 'COMPLETED', error);
    const { pictures } = await alone.generate(requests[index]!, {
      ...{ inputImage: undefined, progress: async () => undefined, signal: never },
    });
    assert.equal(result?.determinism?.images[0]?.latentSha256, pictures[0]!.latentSha256, `request ${index}`);
  }
  const exchanged = (name: string) =>
    told.filter((line) => line === `${name}: engine exchanged for other checkpoints`).length;
  const exchanges = ['a', 'b'].map(exchanged);
  context.diagnostic(`${count} requests in ${seconds.toFixed(1)} s, exchanges of the two: ${exchanges}`);
  // Without order every second request would need one.
  assert.ok(exchanges[0]! + exchanges[1]! < count / 4, String(exchanges));
});
