import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import sharp from 'sharp';
import { after, before } from '../../../src/testing/hooks.ts';
import { commandOf, descendants } from './testing/process-tree.ts';
import { writeRandomModels } from './testing/random-models.ts';
import { type StartedServer, startServer } from './testing/started-server.ts';

/** `npm start` with the real worker and engine, on tiny checkpoints with random weights. */
const models = mkdtempSync(path.join(os.tmpdir(), 'real-engine-'));
const patience = { timeout: 300_000 };
let server: StartedServer;

before(async () => {
  await writeRandomModels(models);
  server = await startServer({ MODELS_DIR: models });
  assert.notEqual(server.key, '', server.text);
}, patience);

after(async () => {
  await server.stop();
  rmSync(models, { recursive: true, force: true });
});

const headers = () => ({ 'x-api-key': server.key, 'content-type': 'application/json' });

function post(route: string, body: object): Promise<Response> {
  return fetch(server.url + route, { method: 'POST', headers: headers(), body: JSON.stringify(body) });
}

interface Result {
  status: string;
  output: string;
  images: { url: string }[];
  seed: string;
  metrics: { inference_time: number };
}

async function submit(route: string, body: object): Promise<{ status_url: string; response_url: string }> {
  const response = await post(route, body);
  assert.equal(response.status, 200, await response.clone().text());
  return (await response.json()) as { status_url: string; response_url: string };
}

async function poll(url: string, wanted: string): Promise<void> {
  while (true) {
    const body = (await (await fetch(url, { headers: headers() })).json()) as {
      status: string;
      error?: string;
    };
    if (body.status === wanted) return;
    assert.notEqual(body.status, 'FAILED', body.error);
    assert.notEqual(body.status, 'COMPLETED');
    await setTimeout(20);
  }
}

async function pictureOf(job: {
  status_url: string;
  response_url: string;
}): Promise<{ result: Result; bytes: Buffer }> {
  await poll(job.status_url, 'COMPLETED');
  const result = (await (await fetch(job.response_url, { headers: headers() })).json()) as Result;
  const picture = await fetch(result.output);
  assert.equal(picture.status, 200);
  return { result, bytes: Buffer.from(await picture.arrayBuffer()) };
}

/** The only process of this start whose command line ends so. */
function pidOf(file: string): number {
  const found = descendants(server.process.pid!).filter((pid) => commandOf(pid).at(-1)?.endsWith(file));
  assert.equal(found.length, 1, `processes of ${file}`);
  return found[0]!;
}

test(
  'a curl of /v1/sdxl-torch gives a 1024x1024 JPEG, and v2 the same bytes with its facts',
  patience,
  async () => {
    const body = { prompt: 'a red fox in the snow', seed: 3, num_inference_steps: 20 };
    const response = await post('/v1/sdxl-torch', body);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'image/jpeg');
    assert.equal(response.headers.get('x-seed-value'), '3');
    const jpeg = Buffer.from(await response.arrayBuffer());
    const { format, width, height } = await sharp(jpeg).metadata();
    assert.deepEqual({ format, width, height }, { format: 'jpeg', width: 1024, height: 1024 });

    const { result, bytes } = await pictureOf(await submit('/v2/sdxl-torch', body));
    assert.deepEqual(bytes, jpeg);
    assert.equal(result.images[0]!.url, result.output);
    assert.equal(result.seed, '3');
    assert.ok(result.metrics.inference_time > 0);
  },
);

const input = sharp({ create: { width: 128, height: 96, channels: 3, background: '#3377aa' } });
const longRun = async () => ({
  prompt: 'a heron',
  image: (await input.clone().png().toBuffer()).toString('base64'),
  seed: 41,
  scheduler: 'Euler a',
  num_inference_steps: 100,
  strength: 1,
});

test('samples of one request are the single pictures of their seeds', patience, async () => {
  const body = { ...(await longRun()), num_inference_steps: 20 };
  const together = (await (await post('/v1/sdxl-img2img', { ...body, samples: 2, base64: true })).json()) as {
    image: string[];
  };
  for (const [index, image] of together.image.entries()) {
    const alone = await post('/v1/sdxl-img2img', { ...body, seed: body.seed + index });
    assert.deepEqual(Buffer.from(image, 'base64'), Buffer.from(await alone.arrayBuffer()));
  }
});

/** What the long run gives where nobody is killed. */
let undisturbed: Promise<Buffer> | undefined;

for (const victim of ['workers/engine.ts', 'workers/worker.ts']) {
  test(`kill -9 of ${victim} in mid-run costs time, not the picture`, patience, async () => {
    const body = await longRun();
    undisturbed ??= submit('/v2/sdxl-img2img', body)
      .then(pictureOf)
      .then(({ bytes }) => bytes);
    const expected = await undisturbed;
    const job = await submit('/v2/sdxl-img2img', body);
    await poll(job.status_url, 'PROCESSING');
    await setTimeout(200);
    process.kill(pidOf(victim), 'SIGKILL');
    const { bytes } = await pictureOf(job);
    assert.deepEqual(bytes, expected);
  });
}
