import { errorResponses } from './error-responses.ts';
import { type Content, type JsonObject, jsonResponse, type Operation, reference } from './operation.ts';

const time = '2026-01-02T03:04:05.000Z';
const key = { id: '0123456789abcdef', name: 'alice', created_at: time, admin: false, credits: 100 };
const request = {
  request_id: '2f6d0a4e-4c9b-4f0e-9c55-7a3f1f0f7d10',
  status: 'PROCESSING',
  owner: key.id,
  endpoint: 'sdxl-torch',
  route: 'sdxl-base+sdxl-refiner',
  submitted_at: time,
  started_at: time,
  attempts: 1,
  step: 7,
  steps: 25,
};
const queues = {
  paused: false,
  waiting: 3,
  processing: 1,
  completed_per_minute: 12.4,
  failed_per_minute: 0,
  routes: [{ route: 'sdxl-base', waiting: 3, processing: 1 }],
};

const models = {
  models: [
    { name: 'demo-base', serves: ['sdxl-base'], installed: ['host-1-ab12cd'], loaded: ['host-1-ab12cd'] },
  ],
  unservable: [{ worker: 'host-1-ab12cd', entry: 'old.ckpt', reason: 'a pickle' }],
};

const idParameter = (description: string): JsonObject => ({
  name: 'id',
  in: 'path',
  required: true,
  description,
  schema: { type: 'string' },
});
const byKey = [idParameter('Id of an API key, as the list shows it')];
const byRequest = [idParameter('A request_id')];
const body = (schema: string, example: JsonObject): Content => ({
  'application/json': { schema: reference(schema), example },
});
const common = { tag: 'Administration', keys: ['apiKey'] } as const;
const refusals = errorResponses(400, 401, 403, 429, 500, 503);
const missing = errorResponses(404);
const conflict = errorResponses(409);
const withBody = errorResponses(406, 413);

const keys: Operation[] = [
  {
    ...common,
    method: 'get',
    path: '/v1/admin/keys',
    summary: 'All API keys, without the keys themselves',
    responses: { 200: jsonResponse('The keys', 'AdminKeys', { keys: [key] }), ...refusals },
  },
  {
    ...common,
    method: 'post',
    path: '/v1/admin/keys',
    summary: 'Makes an API key; the answer is the only time it is told',
    body: body('AdminCreateKey', { name: 'alice', credits: 100 }),
    responses: {
      201: jsonResponse('The new key', 'AdminNewKey', { ...key, key: 'SG_0123456789abcdef' }),
      ...refusals,
      ...withBody,
    },
  },
  {
    ...common,
    method: 'patch',
    path: '/v1/admin/keys/{id}',
    summary: 'Changes name and limits of a key; null takes a limit away',
    parameters: byKey,
    body: body('AdminChangeKey', { max_queued: 20 }),
    responses: {
      200: jsonResponse('The key as it is now', 'AdminKey', key),
      ...{ ...refusals, ...withBody, ...missing, ...conflict },
    },
  },
  {
    ...common,
    method: 'delete',
    path: '/v1/admin/keys/{id}',
    summary: 'Revokes a key; its requests go on',
    parameters: byKey,
    responses: {
      200: jsonResponse('The key that was', 'AdminKey', key),
      ...{ ...refusals, ...missing, ...conflict },
    },
  },
  {
    ...common,
    method: 'post',
    path: '/v1/admin/keys/{id}/credits',
    summary: 'Adds to the balance of a key that has a limit',
    parameters: byKey,
    body: body('AdminAddCredits', { credits: 50 }),
    responses: {
      200: jsonResponse('The key with its new balance', 'AdminKey', { ...key, credits: 150 }),
      ...{ ...refusals, ...withBody, ...missing, ...conflict },
    },
  },
];

const requests: Operation[] = [
  {
    ...common,
    method: 'get',
    path: '/v1/admin/requests',
    summary: 'Requests of everybody, the newest first',
    parameters: [
      {
        name: 'status',
        in: 'query',
        schema: { type: 'string', enum: ['QUEUED', 'PROCESSING', 'COMPLETED', 'FAILED'] },
      },
      {
        name: 'limit',
        in: 'query',
        schema: { type: 'integer', minimum: 1, maximum: 500, default: 100 },
      },
    ],
    responses: {
      200: jsonResponse('Without prompts and pictures', 'AdminRequests', { requests: [request] }),
      ...refusals,
    },
  },
  {
    ...common,
    method: 'delete',
    path: '/v1/admin/requests/{id}',
    summary: 'Cancels a request of anybody',
    parameters: byRequest,
    responses: {
      200: jsonResponse('Cancelled', 'AdminRequest', { ...request, status: 'FAILED' }),
      ...{ ...refusals, ...missing, ...conflict },
    },
  },
  {
    ...common,
    method: 'post',
    path: '/v1/admin/requests/{id}/retry',
    summary: 'Makes a FAILED text-to-image request anew, for its owner and without a charge',
    parameters: byRequest,
    responses: {
      200: jsonResponse('The new request', 'SubmitReply', {
        request_id: request.request_id,
        status: 'QUEUED',
        poll_url: `http://gw.example:8080/v1/requests/${request.request_id}`,
        status_url: `http://gw.example:8080/v2/requests/${request.request_id}/status`,
        response_url: `http://gw.example:8080/v2/requests/${request.request_id}`,
      }),
      ...{ ...refusals, ...missing, ...conflict },
    },
  },
  {
    ...common,
    method: 'post',
    path: '/v1/admin/requests/{id}/front',
    summary: 'Moves a waiting request before all others',
    parameters: byRequest,
    responses: {
      200: jsonResponse('The request', 'AdminRequest', { ...request, status: 'QUEUED' }),
      ...{ ...refusals, ...missing, ...conflict },
    },
  },
];

const service: Operation[] = [
  {
    ...common,
    method: 'get',
    path: '/v1/admin/queues',
    summary: 'What waits and what runs, and how fast requests end',
    responses: { 200: jsonResponse('The queues', 'AdminQueues', queues), ...refusals },
  },
  ...(['pause', 'resume'] as const).map((word) => ({
    ...common,
    method: 'post' as const,
    path: `/v1/admin/queues/${word}`,
    summary:
      word === 'pause'
        ? 'Workers take no further requests; what runs goes on, new requests are accepted'
        : 'Workers take requests again',
    responses: {
      200: jsonResponse('The queues', 'AdminQueues', { ...queues, paused: word === 'pause' }),
      ...refusals,
    },
  })),
  {
    ...common,
    method: 'get',
    path: '/v1/admin/workers',
    summary: 'The workers that are alive',
    responses: {
      200: jsonResponse('The workers', 'AdminWorkers', {
        workers: [
          {
            id: 'host-1-ab12cd',
            device: 'cuda:0',
            busy: false,
            routes: ['sdxl-base'],
            resident: ['sdxl-base'],
          },
        ],
      }),
      ...refusals,
    },
  },
  {
    ...common,
    method: 'get',
    path: '/v1/admin/models',
    summary: 'Checkpoints that workers have, and what lies in their folders unserved, with the reason',
    responses: { 200: jsonResponse('The models', 'AdminModels', models), ...refusals },
  },
  {
    ...common,
    method: 'post',
    path: '/v1/admin/models/rescan',
    summary: 'Workers look at their models folders anew, after giving their jobs in hand back',
    responses: { 202: jsonResponse('As it is now', 'AdminModels', models), ...refusals },
  },
  ...(['load', 'unload'] as const).map((word) => ({
    ...common,
    method: 'post' as const,
    path: `/v1/admin/models/{name}/${word}`,
    summary:
      word === 'load'
        ? 'Every worker that has it loads it, in place of others where there is no room beside them'
        : 'Every worker takes it off its device, unless it is the last one there',
    parameters: [
      {
        ...{ name: 'name', in: 'path', required: true },
        ...{ description: 'Of the model, or one that it serves', schema: { type: 'string' } },
      },
    ],
    responses: {
      202: jsonResponse('As it is now', 'AdminModels', models),
      ...{ ...refusals, ...missing, ...conflict },
    },
  })),
  {
    ...common,
    method: 'get',
    path: '/v1/admin/audit',
    summary: 'What administrators did, the latest first',
    responses: {
      200: jsonResponse('Acts', 'AdminAudit', {
        acts: [{ at: time, key: key.id, act: 'revoke key', on: 'fedcba9876543210' }],
      }),
      ...refusals,
    },
  },
];

/** The admin API, for admin keys. */
export const adminOperations: readonly Operation[] = [...service, ...requests, ...keys];
