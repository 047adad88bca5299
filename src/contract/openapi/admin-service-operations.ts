import { adminOperation, conflict, exampleKeyId, exampleTime, missing, refusals } from './admin-operation.ts';
import { jsonResponse, type Operation } from './operation.ts';

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

/** What concerns the service as a whole: queues, workers, models, what was done. */
export const adminServiceOperations: readonly Operation[] = [
  {
    ...adminOperation,
    method: 'get',
    path: '/v1/admin/queues',
    summary: 'What waits and what runs, and how fast requests end',
    responses: { 200: jsonResponse('The queues', 'AdminQueues', queues), ...refusals },
  },
  ...(['pause', 'resume'] as const).map((word) => ({
    ...adminOperation,
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
    ...adminOperation,
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
            memory: {
              plan: 'exchanged',
              what: 'one UNet on the device at a time, base and refiner in turn',
              cost: 'a UNet is loaded whenever another one is needed: twice in a picture with refiner',
              why: 'cuda:0: 11.6 GB free of 12.0 GB; resident would take 15.1 GB',
              estimated_bytes: 10_420_000_000,
              available_bytes: 11_600_000_000,
            },
          },
        ],
      }),
      ...refusals,
    },
  },
  {
    ...adminOperation,
    method: 'get',
    path: '/v1/admin/models',
    summary: 'Checkpoints that workers have, and what lies in their folders unserved, with the reason',
    responses: { 200: jsonResponse('The models', 'AdminModels', models), ...refusals },
  },
  {
    ...adminOperation,
    method: 'post',
    path: '/v1/admin/models/rescan',
    summary: 'Workers look at their models folders anew, after giving their jobs in hand back',
    responses: { 202: jsonResponse('As it is now', 'AdminModels', models), ...refusals },
  },
  ...(['load', 'unload'] as const).map((word) => ({
    ...adminOperation,
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
    ...adminOperation,
    method: 'get',
    path: '/v1/admin/audit',
    summary: 'What administrators did, the latest first',
    responses: {
      200: jsonResponse('Acts', 'AdminAudit', {
        acts: [{ at: exampleTime, key: exampleKeyId, act: 'revoke key', on: 'fedcba9876543210' }],
      }),
      ...refusals,
    },
  },
];
