import { z } from 'zod';
import { batchLineFields, mostLines } from '../bodies/batches.ts';
import { errorResponses } from './error-responses.ts';
import { exampleId } from './examples.ts';
import { type JsonObject, jsonResponse, type Operation, reference } from './operation.ts';

/** Many submits in one call; an extension of the published API. */

const tag = 'Batches';
const links = {
  status_url: `http://gw.example:8080/v2/batches/${exampleId}`,
  results_url: `http://gw.example:8080/v2/batches/${exampleId}/results`,
};
const state: JsonObject = {
  batch_id: exampleId,
  status: 'PROCESSING',
  total: 3,
  counts: { waiting: 1, processing: 1, completed: 1, failed: 0, cancelled: 0 },
  created_at: '2026-11-26T12:00:00.000Z',
  finished_at: null,
  ...links,
};

const { $schema: _, ...line } = z.toJSONSchema(z.looseObject(batchLineFields.shape), { io: 'input' });
const jsonLines = (schema: JsonObject, example: string) => ({ schema, example });
const lines = jsonLines(
  {
    ...(line as JsonObject),
    description:
      'Each line: a body of its endpoint, with the fields below beside it; at most 1,000 lines, 8 MiB. Pictures by address or in base64.',
  },
  '{"prompt": "a red panda", "seed": 1, "custom_id": "first"}\n{"prompt": "a lighthouse", "endpoint": "sdxl1.0-txt2img", "img_width": 768}\n',
);

const byId = {
  keys: ['apiKey'],
  parameters: [
    {
      ...{ name: 'id', in: 'path', required: true, description: 'The batch_id of the reply' },
      schema: { type: 'string', format: 'uuid' },
    },
  ],
} as const;
const errors = errorResponses(400, 401, 404, 429, 500, 503);

export const batchOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/v2/batches',
    tag,
    summary: 'Hands over up to 1,000 requests as JSON lines',
    description:
      'All lines are checked before any is taken; a 400 names the wrong ones by their numbers. They become requests one after another, charged and limited as single ones, and run behind those. What the key cannot have now waits; a line that turns out wrong later (its picture, for example) fails alone. An Idempotency-Key makes a repeated call the same batch.',
    keys: ['apiKey'],
    body: { 'application/jsonl': lines, 'application/x-ndjson': lines },
    responses: {
      200: jsonResponse('It is taken', 'BatchReply', {
        batch_id: exampleId,
        status: 'QUEUED',
        total: 3,
        ...links,
      }),
      ...errorResponses(400, 401, 403, 404, 406, 409, 410, 413, 429, 500, 502, 503),
    },
  },
  {
    ...byId,
    method: 'get',
    path: '/v2/batches/{id}',
    tag,
    summary: 'How far a batch is',
    responses: { 200: jsonResponse('Its state', 'Batch', state), ...errors },
  },
  {
    ...byId,
    method: 'delete',
    path: '/v2/batches/{id}',
    tag,
    summary: 'Cancels what of a batch has not ended',
    description:
      'No further line becomes a request; those that wait or run are cancelled, with their credits given back.',
    responses: {
      200: jsonResponse('Its state', 'Batch', {
        ...state,
        status: 'CANCELLED',
        counts: { waiting: 0, processing: 1, completed: 1, failed: 0, cancelled: 1 },
      }),
      ...errors,
      ...errorResponses(409),
    },
  },
  {
    ...byId,
    method: 'get',
    path: '/v2/batches/{id}/results',
    tag,
    summary: 'Results of the lines that have ended, as JSON lines',
    parameters: [
      ...byId.parameters,
      { name: 'from', in: 'query', schema: { type: 'integer', minimum: 1, maximum: mostLines, default: 1 } },
    ],
    description:
      'Pictures are kept an hour after they are made, as those of single requests: ask while the batch goes on.',
    responses: {
      200: {
        description: 'One line for each, in the order of the batch',
        content: {
          'application/jsonl': jsonLines(
            reference('BatchResult'),
            `${JSON.stringify({ line: 1, custom_id: null, status: 'FAILED', request_id: exampleId, error: 'The latents contain NaN', result: null })}\n`,
          ),
        },
      },
      ...errors,
    },
  },
];
