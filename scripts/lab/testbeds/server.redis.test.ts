import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { startTestService, type TestService } from '../../../src/gateway/testing/service.ts';
import { encodeImage } from '../../../src/images/encode-image.ts';
import { after, before } from '../../../src/testing/hooks.ts';
import { chooseEntries } from '../entries.ts';
import { buildReport } from '../report/report.ts';
import { createTestLab } from '../testing/lab.ts';

let service: TestService;
let server: Server;
let url: string;
const lab = createTestLab();
before(async () => {
  service = await startTestService({ publicUrl: undefined });
  server = createServer((request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
after(async () => {
  lab.close();
  server.close();
  await service.close();
});

/**
 * The test service, but the words that its worker gives for pictures come as pictures: as dark as their seed
 * says.
 */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const result = await service.app.inject({
    method: request.method as 'GET' | 'POST',
    url: request.url!,
    headers: request.headers,
    payload: await buffer(request),
  });
  const seed = /^picture of seed (\d+)$/.exec(result.body)?.[1];
  const side = 256;
  const bytes =
    seed === undefined
      ? result.rawPayload
      : await encodeImage(new Float32Array(3 * side * side).fill(Number(seed) / 10), side, side, 'png');
  const encoding = seed === undefined ? result.headers['content-encoding'] : undefined;
  response
    .writeHead(result.statusCode, {
      'content-type': String(result.headers['content-type']),
      ...(encoding !== undefined && { 'content-encoding': encoding }),
    })
    .end(bytes);
}

const entries = chooseEntries('sdxl-torch/UniPC,sdxl-img2img/Euler a,DPM++ 2M');

test('a lab over a server gets its pictures through the public API, whole schedules of both endpoints', async () => {
  const options = { ...lab.options, url, key: service.key, entries, steps: [20, 30], seeds: [7], size: 1024 };
  const results = await lab.run(options);
  const asked = service.started.map((request) => [
    request.endpoint,
    request.scheduler,
    request.steps,
    request.seed,
  ]);
  // Deterministic names once more with as many steps as the API takes, to be compared with.
  assert.deepEqual(asked, [
    ['sdxl-torch', 'UniPC', 20, 7],
    ['sdxl-torch', 'UniPC', 100, 7],
    ['sdxl-torch', 'UniPC', 30, 7],
    ['sdxl-img2img', 'DPM++ 2M', 20, 7],
    ['sdxl-img2img', 'DPM++ 2M', 100, 7],
    ['sdxl-img2img', 'DPM++ 2M', 30, 7],
    ['sdxl-img2img', 'Euler a', 20, 7],
    ['sdxl-img2img', 'Euler a', 30, 7],
  ]);
  assert.ok(service.started.every((request) => request.endpoint === 'sdxl-torch' || request.strength === 1));
  assert.ok(service.started.every((request) => request.endpoint !== 'sdxl-torch' || !request.refiner));
  const report = buildReport(options, results, new Date());
  assert.deepEqual(
    report.testbeds.map(({ id }) => id),
    ['mixture', 'server'],
  );
  const point = report.points.find(
    ({ testbed, entry }) => testbed === 'server' && entry === 'sdxl-torch/UniPC',
  )!;
  assert.equal(point.calls, 20);
  assert.equal(point.modelMs, null);
  // The test worker's pictures say their seed only: equal seeds, equal pictures.
  assert.ok(Math.abs(point.imageError!) < 1e-9);
  assert.equal(
    report.points.find(({ entry, testbed }) => testbed === 'server' && entry.endsWith('Euler a'))!.imageError,
    null,
  );
});

test('a lab over a server goes on where it stopped', async () => {
  const { length } = service.started;
  await lab.run({ url, key: service.key, entries, steps: [20, 30], seeds: [7], size: 1024 });
  assert.equal(service.started.length, length);
});

test('a wrong key, and an address where something else answers or nothing, are named', async () => {
  const run = (changes: object) => lab.run({ entries, steps: [20], seeds: [8], ...changes });
  await assert.rejects(run({ url, key: 'SG_0000000000000000' }), /--key: http:\S+ refuses it: Unauthorized/);
  await assert.rejects(run({ url, key: undefined }), /--key: http:\S+ refuses calls without one: Missing/);
  await assert.rejects(
    run({ url: 'http://127.0.0.1:1', key: undefined }),
    /--url: http:\/\/127\.0\.0\.1:1 does not answer/,
  );
});

test('a request that failed by NaN counts as such, any other failure ends the lab with its address', async () => {
  const asked = { url, key: service.key, entries, steps: [20], seeds: [1], size: 1024 };
  const { cells } = await lab.run({ ...asked, prompts: ['NaN'] });
  const pictures = cells.filter(({ testbed }) => testbed === 'server');
  assert.ok(pictures.length === 3 && pictures.every(({ finite, hasPicture }) => !finite && !hasPicture));
  await assert.rejects(
    lab.run({ ...asked, size: 520, entries: chooseEntries('DPM Multi'), prompts: ['(('.repeat(40_000)] }),
    /\/v2\/sdxl1\.0-txt2img answers 400: prompt/,
  );
});
