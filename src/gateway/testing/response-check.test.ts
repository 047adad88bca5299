import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify from 'fastify';
import { checkResponses } from './response-check.ts';

const id = '2f6d0a4e-4c9b-4f0e-9c55-7a3f1f0f7d10';

for (const [problem, status, type, body] of [
  ['an unknown field', 200, 'application/json', { status: 'ok', extra: 1 }],
  ['a missing field', 200, 'application/json', {}],
  ['an undocumented status', 418, 'application/json', { error: 'x' }],
  ['an undocumented content type', 200, 'text/html', 'ok'],
] as const)
  test(`the check of answers notices ${problem}`, async () => {
    const check = checkResponses();
    const app = Fastify();
    app.get('/healthz', (_, reply) => reply.code(status).type(type).send(body));
    await app.inject('/healthz');
    assert.throws(() => check.close(), /GET \/healthz/);
  });

test('the check of answers notices an address that answers without being documented', async () => {
  const check = checkResponses();
  const app = Fastify();
  app.get('/secret', async () => ({ error: 'x' }));
  await app.inject('/secret');
  assert.throws(() => check.close(), /what the document does not have/);
});

test('the check of answers lets documented answers pass, and ends when it is closed', async () => {
  const check = checkResponses();
  const app = Fastify();
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/v2/requests/:id', (_, reply) => reply.code(404).send({ error: 'x' }));
  await app.inject('/healthz');
  await app.inject(`/v2/requests/${id}`);
  await app.inject('/unknown');
  check.close();
  const later = Fastify();
  later.get('/healthz', async () => ({}));
  await later.inject('/healthz');
  check.close();
});
