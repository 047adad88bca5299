import {
  adminOperation,
  conflict,
  exampleKeyId,
  missing,
  refusals,
  exampleTime as time,
} from './admin-operation.ts';
import { adminServiceOperations } from './admin-service-operations.ts';
import { errorResponses } from './error-responses.ts';
import { type Content, type JsonObject, jsonResponse, type Operation, reference } from './operation.ts';

const key = { id: exampleKeyId, name: 'alice', created_at: time, admin: false, credits: 100 };
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
const withBody = errorResponses(406, 413);

const keys: Operation[] = [
  {
    ...adminOperation,
    method: 'get',
    path: '/v1/admin/keys',
    summary: 'All API keys, without the keys themselves',
    responses: { 200: jsonResponse('The keys', 'AdminKeys', { keys: [key] }), ...refusals },
  },
  {
    ...adminOperation,
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
    ...adminOperation,
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
    ...adminOperation,
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
    ...adminOperation,
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
    ...adminOperation,
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
    ...adminOperation,
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
    ...adminOperation,
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
    ...adminOperation,
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

/** The admin API, for admin keys. */
export const adminOperations: readonly Operation[] = [...adminServiceOperations, ...requests, ...keys];
