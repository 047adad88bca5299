import { z } from 'zod';
import { endpoints } from '../endpoints.ts';
import { memoryReport } from './memory-report.ts';

/** Bodies, queries and answers of the admin API (an extension; admin keys only). */

/** Most credits a key can hold: their millionths stay exact in a double. */
const mostCredits = 1_000_000_000;

const limits = {
  endpoints: z
    .array(z.enum(endpoints))
    .min(1)
    .optional()
    .meta({ description: 'The only endpoints it may submit to; all where left out' }),
  requests_per_minute: z
    .int()
    .min(1)
    .max(999_999_999)
    .optional()
    .meta({ description: 'Submits in a minute; not limited where left out' }),
  max_queued: z
    .int()
    .min(1)
    .max(999_999_999)
    .optional()
    .meta({ description: 'Requests that wait or run at a time; not limited where left out' }),
  admin: z.boolean().optional().meta({ description: 'May use the admin API and give priorities' }),
};

export const adminBodies = {
  createKey: z.object({
    name: z.string().min(1).max(200).meta({ description: 'Whose it is, for people' }),
    ...limits,
    credits: z
      .number()
      .min(0)
      .max(mostCredits)
      .optional()
      .meta({ description: 'Its balance; not limited where left out' }),
  }),
  changeKey: z.object({ name: z.string().min(1).max(200).optional(), ...limits }),
  addCredits: z.object({
    credits: z
      .number()
      .min(-mostCredits)
      .max(mostCredits)
      .meta({ description: 'What its balance grows by; negative takes away' }),
  }),
};

export type KeyChanges = z.output<typeof adminBodies.changeKey>;

const statuses = ['QUEUED', 'PROCESSING', 'COMPLETED', 'FAILED'] as const;

export const requestsQuery = z.object({
  status: z.enum(statuses).optional().meta({ description: 'All where left out' }),
  limit: z.int().min(1).max(500).default(100).meta({ description: 'Most to be listed, the newest first' }),
});

const time = z.iso.datetime().meta({ description: 'UTC' });

const key = z.strictObject({
  id: z.string(),
  name: z.string(),
  created_at: time,
  admin: z.boolean(),
  endpoints: z.array(z.enum(endpoints)).optional(),
  credits: z.number().optional(),
  requests_per_minute: z.int().optional(),
  max_queued: z.int().optional(),
});

const request = z.strictObject({
  request_id: z.uuid(),
  status: z.enum(statuses),
  owner: z.string().meta({ description: 'Id of its API key' }),
  endpoint: z.enum(endpoints),
  route: z.string().meta({ description: 'The checkpoints it needs, joined by "+"' }),
  submitted_at: time,
  started_at: time.optional(),
  finished_at: time.optional(),
  attempts: z.int(),
  step: z.int().optional(),
  steps: z.int().optional(),
  worker: z.string().optional().meta({ description: 'Id of the worker that has it in hand' }),
  error: z.string().optional(),
});

/** What the admin API answers, by the name of the schema in the OpenAPI document. */
export const adminResponses = {
  AdminKeys: z.strictObject({ keys: z.array(key) }),
  AdminKey: key,
  AdminNewKey: z.strictObject({
    ...key.shape,
    key: z.string().meta({ description: 'Told this once; only a digest is stored' }),
  }),
  AdminRequests: z.strictObject({ requests: z.array(request) }),
  AdminRequest: request,
  AdminQueues: z.strictObject({
    paused: z.boolean(),
    waiting: z.int().meta({ description: 'Requests that wait for a worker' }),
    processing: z.int(),
    completed_per_minute: z.number().meta({ description: 'Over the last five minutes' }),
    failed_per_minute: z.number(),
    routes: z.array(z.strictObject({ route: z.string(), waiting: z.int(), processing: z.int() })),
  }),
  AdminWorkers: z.strictObject({
    workers: z.array(
      z.strictObject({
        id: z.string(),
        device: z.string(),
        busy: z.boolean(),
        request_id: z.string().optional().meta({ description: 'What it has in hand' }),
        routes: z.array(z.string()).meta({ description: 'What it can take' }),
        resident: z.array(z.string()).meta({ description: 'Of those, whose checkpoints are loaded' }),
        memory: memoryReport.optional().meta({ description: 'How it uses the memory of its device' }),
      }),
    ),
  }),
  AdminModels: z.strictObject({
    models: z.array(
      z.strictObject({
        name: z.string(),
        serves: z.array(z.string()).meta({ description: 'The names it answers to' }),
        installed: z.array(z.string()).meta({ description: 'Ids of the workers that have it' }),
        loaded: z.array(z.string()).meta({ description: 'Of those, the ones that have it loaded' }),
      }),
    ),
    unservable: z.array(
      z.strictObject({
        worker: z.string(),
        entry: z.string().meta({ description: 'Of its models folder' }),
        reason: z.string(),
      }),
    ),
  }),
  AdminAudit: z.strictObject({
    acts: z.array(
      z.strictObject({
        at: time,
        key: z.string().meta({ description: 'Id of the admin key' }),
        act: z.string(),
        on: z.string().meta({ description: 'What it was done to' }),
      }),
    ),
  }),
};

export type AdminAnswer<Name extends keyof typeof adminResponses> = z.output<(typeof adminResponses)[Name]>;
