import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import { registerRoutes, startHeartbeat } from '../../../jobs/queue/heartbeat.ts';
import { after, before } from '../../../testing/hooks.ts';
import { startTestService, type TestService } from '../../testing/service.ts';

/** When the service turns requests away although they and their key are good. */

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.close());

const prompt = 'a panda';

test('without a live worker a submit waits within the grace and is 502 with Retry-After after it', async () => {
  const [patient, strict] = [
    await service.gateway({ noWorkerGraceSeconds: 600 }),
    await service.gateway({ noWorkerGraceSeconds: 0 }),
  ];
  assert.equal((await service.post('/v2/sdxl-torch', { prompt }, {}, strict)).statusCode, 200);
  await service.heartbeat(false);
  for (;;) {
    const response = await service.post('/v2/sdxl-torch', { prompt }, {}, strict);
    // What the gateway read last may still show the worker, for a second.
    if (response.statusCode === 200) continue;
    assert.equal(response.statusCode, 502);
    assert.deepEqual(response.json(), { error: 'No worker has been alive for 0 s' });
    assert.equal(response.headers['retry-after'], '5');
    break;
  }
  assert.equal((await service.post('/v2/sdxl-torch', { prompt }, {}, patient)).statusCode, 200);
  await service.heartbeat(true);
  const { statusCode } = await service.post('/v2/sdxl-torch', { prompt }, {}, await service.gateway({}));
  assert.equal(statusCode, 200);
  await Promise.all([patient.close(), strict.close()]);
});

test('a worker that restarts is still counted on for what it had installed', async () => {
  const app = await service.gateway({ noWorkerGraceSeconds: 600 });
  const image = 'https://pictures.example/a.png';
  const submit = (base_model: string) =>
    service.post('/v2/sdxl-img2img', { prompt, image, base_model }, {}, app);
  assert.equal((await submit('juggernaut')).statusCode, 200);
  await service.heartbeat(false);
  while ((await app.inject('/readyz')).statusCode === 200);
  assert.equal((await submit('juggernaut')).statusCode, 200);
  const refused = await submit('realvis');
  assert.equal(refused.statusCode, 400);
  assert.match(refused.json().error, /"realvis" is not installed on this server; installed: juggernaut/);
  await service.heartbeat(true);
  await app.close();
});

test('a model whose only worker is gone is 502 after the grace, one that nobody ever had is 400', async () => {
  const [strict, patient] = [
    await service.gateway({ noWorkerGraceSeconds: 0 }),
    await service.gateway({ noWorkerGraceSeconds: 600 }),
  ];
  const submit = (base_model: string, app: FastifyInstance) =>
    service.post(
      '/v2/sdxl-img2img',
      { prompt, image: 'https://pictures.example/a.png', base_model },
      {},
      app,
    );
  const other = { id: 'other', device: 'cpu', endpoints: ['sdxl-img2img'], refiner: false } as const;
  const heartbeat = await startHeartbeat(
    service.producer.redis,
    { ...other, baseModels: ['yamer'], sizeMultiple: undefined, resident: [], busy: false },
    assert.ifError,
  );
  assert.equal((await submit('yamer', strict)).statusCode, 200);
  await heartbeat.stop();
  for (;;) {
    const response = await submit('yamer', strict);
    // What the gateway read last may still show the worker, for a second.
    if (response.statusCode === 200) continue;
    assert.equal(response.statusCode, 502);
    assert.deepEqual(response.json(), { error: 'No worker that serves yamer has been alive for 0 s' });
    break;
  }
  // A gateway that has never seen that worker itself.
  const younger = await service.gateway({ noWorkerGraceSeconds: 600 });
  for (const app of [patient, younger]) assert.equal((await submit('yamer', app)).statusCode, 200);
  for (const app of [strict, patient, younger]) {
    assert.equal((await submit('juggernaut', app)).statusCode, 200);
    assert.equal((await submit('nobody', app)).statusCode, 400);
    assert.equal((await submit('no:body', app)).statusCode, 400);
    await app.close();
  }
});

test('a model that a worker loads for the first time is waited for within the grace', async () => {
  const [strict, patient] = [
    await service.gateway({ noWorkerGraceSeconds: 0 }),
    await service.gateway({ noWorkerGraceSeconds: 600 }),
  ];
  const submit = (app: FastifyInstance) =>
    service.post(
      '/v2/sdxl-img2img',
      { prompt, image: 'https://pictures.example/a.png', base_model: 'new' },
      {},
      app,
    );
  assert.equal((await submit(patient)).statusCode, 400);
  await registerRoutes(service.producer.redis, ['new']);
  assert.equal((await submit(patient)).statusCode, 200);
  await new Promise((resolve) => setTimeout(resolve, 2));
  assert.equal((await submit(strict)).statusCode, 502);
  await Promise.all([strict.close(), patient.close()]);
});

test('a Redis more than four fifths full is 503 before any work; results are still read', async () => {
  const id = await service.submitted({ prompt });
  await service.ended(id);
  const { redis } = service.producer;
  const app = await service.gateway({});
  const used = Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))![1]);
  await redis.config('SET', 'maxmemory', String(Math.round(used / 0.85)));
  const jobs = service.started.length;
  const response = await service.post('/v2/sdxl-torch', { prompt }, {}, app);
  assert.equal(response.statusCode, 503);
  assert.deepEqual(response.json(), { error: 'The memory for results is full; try again later' });
  assert.equal(response.headers['retry-after'], '5');
  assert.equal((await service.get(`/v2/requests/${id}`)).json().status, 'COMPLETED');
  await redis.config('SET', 'maxmemory', String(used * 4));
  assert.equal((await service.post('/v1/sdxl-torch', { prompt }, {}, app)).statusCode, 200);
  assert.equal(service.started.length, jobs + 1);
  await redis.config('SET', 'maxmemory', '0');
  await app.close();
});
