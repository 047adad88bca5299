import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, before } from '../../../testing/hooks.ts';
import { startTestService, type TestService } from '../../testing/service.ts';

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.close());

const types = [
  ...['application/json', 'application/json; charset=utf-8', 'text/plain', 'application/octet-stream'],
  ...[
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'multipart/form-data',
    'no type',
    '',
  ],
];

test('a cancel without a body is one whatever type it declares, and its repetition too', async () => {
  for (const type of types) {
    const id = await service.submitted({ prompt: 'slow' });
    const headers = { 'x-api-key': service.key, 'content-type': type };
    for (const sent of [{}, { payload: '' }, { payload: '{}' }, { payload: '{"prompt": [' }]) {
      const response = await service.app.inject({
        method: 'DELETE',
        url: `/v2/requests/${id}`,
        headers,
        ...sent,
      });
      assert.equal(response.statusCode, 200, `${type} ${response.body}`);
      assert.equal(response.json().status, 'FAILED');
    }
  }
});

test('every address that is read takes a declared type without a body', async () => {
  const id = await service.submitted({ prompt: 'a panda' });
  await service.ended(id);
  const paths = [
    ...[`/v2/requests/${id}`, `/v1/requests/${id}`, `/v2/requests/${id}/status`, `/v2/requests/${id}/events`],
    ...['/v1/get-user-credits', '/v1/credits', '/v1/models', '/v1/styles', '/v1/schedulers', '/v1/samplers'],
    ...['/healthz', '/readyz', '/openapi.json', '/docs'],
  ];
  for (const url of paths)
    for (const type of types)
      for (const method of url.endsWith('/events') ? (['GET'] as const) : (['GET', 'HEAD'] as const)) {
        const response = await service.app.inject({
          ...{ method, url },
          headers: { 'x-api-key': service.key, 'content-type': type, 'content-length': '0' },
        });
        assert.equal(response.statusCode, 200, `${method} ${url} ${type}: ${response.body}`);
      }
});

test('over a real connection an empty chunked body is none either', async () => {
  const base = await service.app.listen({ port: 0, host: '127.0.0.1' });
  for (const type of types) {
    const id = await service.submitted({ prompt: 'slow' });
    const response = await fetch(`${base}/v2/requests/${id}`, {
      method: 'DELETE',
      headers: { 'x-api-key': service.key, 'content-type': type },
      body: new ReadableStream({ start: (controller) => controller.close() }),
      duplex: 'half',
    } as RequestInit);
    assert.equal(response.status, 200, type);
  }
});

test('a submit without a body is told that it needs one', async () => {
  for (const url of ['/v1/sdxl-torch', '/v2/sdxl-img2img', '/v1/images/generations', '/v1/images/edits']) {
    const response = await service.app.inject({
      ...{ method: 'POST', url },
      headers: { 'x-api-key': service.key, 'content-type': 'application/json' },
    });
    assert.equal(response.statusCode, 400);
    assert.match(response.body, /The request body must be an object with named fields/);
  }
});
