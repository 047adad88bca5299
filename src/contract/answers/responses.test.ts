import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TextToImageRequest } from '../generation.ts';
import type { RequestRecord } from '../request-record.ts';
import { resultBody, statusBody, statusCode, submitReply, syncBody, syncHeaders } from './responses.ts';

const base = 'http://gw.example:8080';
const id = '2f6d0a4e-4c9b-4f0e-9c55-7a3f1f0f7d10';
const request = { endpoint: 'sdxl-torch', prompt: 'a panda', samples: 1 } as TextToImageRequest;
const queued: RequestRecord = {
  id,
  owner: 'o',
  request,
  cost: 1.5,
  status: 'QUEUED',
  submittedAt: 1_000_000,
  deadlineAt: 4_600_000,
  attempts: 0,
};
const path = `${id}/0123456789abcdef0123456789abcdef-0.jpg`;
const completed: RequestRecord = {
  ...queued,
  status: 'COMPLETED',
  attempts: 1,
  startedAt: 1_000_120,
  finishedAt: 1_004_970,
  result: {
    images: [{ path, contentType: 'image/jpeg', byteLength: 183402, seed: 468685 }],
    seed: 468685,
    prompt: 'a panda',
    checkpoints: ['sdxl-base'],
    inferenceSeconds: 4.8104,
    stageSeconds: {},
  },
};

test('a submit is answered with absolute addresses under the public URL', () => {
  assert.deepEqual(submitReply(base, id), {
    request_id: id,
    status: 'QUEUED',
    poll_url: `${base}/v1/requests/${id}`,
    status_url: `${base}/v2/requests/${id}/status`,
    response_url: `${base}/v2/requests/${id}`,
  });
});

test('an unfinished request has empty metrics and its addresses', () => {
  for (const status of ['QUEUED', 'PROCESSING'] as const)
    assert.deepEqual(statusBody(base, { ...queued, status }), {
      status,
      request_id: id,
      status_url: `${base}/v2/requests/${id}/status`,
      response_url: `${base}/v2/requests/${id}`,
      metrics: {},
    });
});

test('a failed request carries its error and how long it took, with 422', () => {
  const failed: RequestRecord = {
    ...queued,
    status: 'FAILED',
    attempts: 2,
    startedAt: 1_000_230,
    finishedAt: 1_000_238,
    error: 'Input image not found',
  };
  assert.equal(statusCode(failed), 422);
  const body = statusBody(base, failed);
  assert.deepEqual(body, {
    status: 'FAILED',
    request_id: id,
    status_url: `${base}/v2/requests/${id}/status`,
    response_url: `${base}/v2/requests/${id}`,
    error: 'Input image not found',
    metrics: { inference_time: 0.008, queue_time: 0.23, total_time: 0.238, retry_count: 1 },
  });
});

test('a request that failed before any worker took it waited all its time', () => {
  const { metrics } = statusBody(base, {
    ...queued,
    status: 'FAILED',
    finishedAt: 1_060_000,
    error: 'deadline',
  });
  assert.deepEqual(metrics, { inference_time: 0, queue_time: 60, total_time: 60 });
});

test('a result has the published fields, sizes and seeds as strings', () => {
  const url = `${base}/outputs/${path}`;
  const { status_url, response_url, ...body } = resultBody(base, completed, 98.5);
  assert.deepEqual(body, {
    status: 'COMPLETED',
    request_id: id,
    error: null,
    output: url,
    images: [{ url, content_type: 'image/jpeg', file_name: path.slice(37), file_size: '183402' }],
    seed: '468685',
    prompt: 'a panda',
    metrics: { cost: 1.5, remaining_credits: 98.5, inference_time: 4.81, queue_time: 0.12, total_time: 4.97 },
  });
});

test('base64 pictures are a string for one sample and an array for several', () => {
  const several = { ...completed, request: { ...request, samples: 2 } };
  const [a, b] = [Buffer.from('a'), Buffer.from('b')];
  assert.equal(resultBody(base, completed, undefined, [a]).image, 'YQ==');
  assert.deepEqual(resultBody(base, several, undefined, [a, b]).image, ['YQ==', 'Yg==']);
  assert.deepEqual(syncBody(completed, [a]), {
    image: 'YQ==',
    status: 'success',
    infer_time: 4.81,
    seed: 468685,
  });
  assert.deepEqual(syncBody(several, [a, b]).image, ['YQ==', 'Yg==']);
});

test('v1 headers carry cost, credits, seed and the next full minute', () => {
  assert.deepEqual(syncHeaders(completed, new Date('2026-11-20T19:40:12.345Z'), undefined), {
    'x-request-id': id,
    'x-cost': '1.5',
    'x-credits-consumed': '1.5',
    'x-remaining-credits': '999999',
    'x-generation-time': '4.81',
    'x-seed-value': '468685',
    'x-rate-limit-reset-at-utc': '2026-11-20T19:41:00Z',
  });
});

test('what the client should know stands in the v2 result, the v1 JSON and a header of v1', () => {
  const warnings = ['steps: unknown, did you mean num_inference_steps?', 'prompt: never seen "cat"'];
  const warned: RequestRecord = {
    ...completed,
    request: { ...request, warnings: [warnings[0]!] },
    result: { ...completed.result!, warnings: [warnings[1]!] },
  };
  const now = new Date();
  assert.deepEqual(resultBody(base, warned, undefined).warnings, warnings);
  assert.deepEqual(syncBody(warned, [Buffer.from('a')]).warnings, warnings);
  assert.deepEqual(JSON.parse(syncHeaders(warned, now, undefined)['x-warnings']!), warnings);
  assert.equal('warnings' in resultBody(base, completed, undefined), false);
  assert.equal('warnings' in syncBody(completed, [Buffer.from('a')]), false);
  assert.equal('x-warnings' in syncHeaders(completed, now, undefined), false);
});
