import { createHash, randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { batchBody, batchReply } from '../../contract/answers/batch-replies.ts';
import { batchResultsQuery, type ParsedLine } from '../../contract/bodies/batches.ts';
import { parseFields } from '../../contract/bodies/fields.ts';
import { ApiError } from '../../contract/errors.ts';
import { slugs } from '../../contract/slugs.ts';
import { cancelBatch, openLines, readOutcomes } from '../../jobs/batches/batch-lines.ts';
import {
  type Batch,
  countUnfinishedBatches,
  createBatch,
  findEarlierBatch,
  readBatch,
} from '../../jobs/batches/batches.ts';
import type { BatchFeeder } from '../batches/feeder.ts';
import { readLines } from '../batches/read-lines.ts';
import { resultLines } from '../batches/result-lines.ts';
import type { Gateway } from '../gateway.ts';
import { baseUrl } from '../http/base-url.ts';
import { gateBodies } from '../http/body-gate.ts';
import { clientGone } from '../http/client-gone.ts';
import type { MemoryPool } from '../http/memory-pool.ts';
import { ignoreBodies } from '../http/read-json.ts';
import type { Accept } from '../submit/accept.ts';
import { createGate } from '../submit/admission.ts';
import { assertSameBody, idempotencyKeyOf } from '../submit/idempotency.ts';

const path = '/v2/batches';

/** Addresses of batches and the verbs they know. */
export const batchPaths: Readonly<Record<string, readonly string[]>> = {
  [path]: ['POST'],
  [`${path}/:id`]: ['GET', 'HEAD', 'DELETE'],
  [`${path}/:id/results`]: ['GET'],
};

/** JSON lines has no registered type; these are the ones in use. */
const types = [
  'application/jsonl',
  'application/x-ndjson',
  'application/x-jsonlines',
  'application/json-lines',
];
/** Batches of one key that have not ended. */
const mostUnfinished = 10;
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

type ById = FastifyRequest<{ Params: { id: string } }>;

/** `POST /v2/batches`: many submits in one call, as JSON lines; their state and results under its id. */
export async function batchRoutes(
  app: FastifyInstance,
  gateway: Gateway,
  accept: Accept,
  bodies: MemoryPool,
  feeder: BatchFeeder,
): Promise<void> {
  const { producer, settings } = gateway;
  const { redis } = producer;
  const { assertRoom, assertCredits } = createGate(gateway);

  const find = async ({ params: { id }, owner }: ById): Promise<Batch> => {
    const batch = uuid.test(id) ? await readBatch(redis, id) : undefined;
    if (batch === undefined || batch.owner !== owner) throw new ApiError('notFound', `Batch ${id} not found`);
    return batch;
  };
  const stateOf = async (request: ById, { id }: { readonly id: string }) => {
    const [batch, open, outcomes] = await Promise.all([
      readBatch(redis, id),
      openLines(redis, id),
      readOutcomes(redis, id),
    ]);
    if (batch === undefined) throw new ApiError('notFound', `Batch ${id} not found`);
    const accepted = open.filter(({ state }) => state === 'accepted');
    const ended = [...outcomes.values()].map(({ status }) => status);
    return batchBody(baseUrl(request, settings.publicUrl), batch, accepted.length, ended);
  };

  /** What a client is told that says the same again, or another thing under the same key. */
  const repeated = async (
    base: string,
    earlier: { id: string; fingerprint: string },
    fingerprint: string,
  ) => {
    assertSameBody({ fingerprint }, earlier);
    const batch = await readBatch(redis, earlier.id);
    if (batch === undefined) throw new ApiError('notFound', `Batch ${earlier.id} not found`);
    return batchReply(base, batch.id, batch.total);
  };

  await app.register(async (submits) => {
    submits.removeAllContentTypeParsers();
    submits.addContentTypeParser(types, { parseAs: 'buffer' }, (_, body, done) => done(null, body));
    submits.addHook('onRequest', async ({ headers }) => {
      const type = (headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
      if (!types.includes(type))
        throw new ApiError(
          'contentType',
          `Invalid content type: a batch is ${types.slice(0, 2).join(' or ')}`,
        );
    });
    gateBodies(submits, bodies);

    submits.post(path, { bodyLimit: settings.batchBodyLimit }, async (request, reply) => {
      const { owner, apiKey, headers, takeRoom } = request;
      const body = (request.body ?? Buffer.alloc(0)) as Buffer;
      const base = baseUrl(request, settings.publicUrl);
      const key = idempotencyKeyOf(headers);
      const fingerprint = createHash('sha256').update(body).digest('hex');
      const client = {
        ...{ headers: {}, origin: {}, apiKey, owner, takeRoom, base },
        gone: clientGone(reply),
      };
      const before = key === undefined ? undefined : await findEarlierBatch(redis, owner, key);
      if (before !== undefined) return await repeated(base, before, fingerprint);
      let cost = 0;
      const check = async ({ slug, fields }: ParsedLine): Promise<void> => {
        const { endpoint } = slugs[slug];
        if ([slug, endpoint].some((name) => settings.retiredSlugs.includes(name)))
          throw new ApiError('retired', `${slug} is retired`);
        if (apiKey.endpoints !== undefined && !apiKey.endpoints.includes(endpoint))
          throw new ApiError('forbidden', `This API key may not use ${endpoint}`);
        await accept(slug, { fields }, { ...client, checkOnly: true });
        cost += Number(fields.samples ?? 1) * settings.creditsPerSample;
      };
      const lines = await readLines(body, check);
      request.releaseBody();
      await Promise.all([assertRoom(), assertCredits(apiKey, cost)]);
      const unfinished = await countUnfinishedBatches(redis, owner);
      if (unfinished >= mostUnfinished)
        throw new ApiError(
          'rateLimited',
          `This API key has ${unfinished} unfinished batches and may have ${mostUnfinished}`,
        );
      const id = randomUUID();
      const idempotency = key === undefined ? undefined : { key, fingerprint };
      const earlier = await createBatch(redis, { id, owner, base, lines, idempotency });
      if (earlier !== undefined) return await repeated(base, earlier, fingerprint);
      feeder.hurry();
      return batchReply(base, id, lines.length);
    });
  });

  await app.register(async (bodyless) => {
    ignoreBodies(bodyless);
    bodyless.get(`${path}/:id`, async (request: ById) => stateOf(request, await find(request)));

    bodyless.delete(`${path}/:id`, async (request: ById) => {
      const batch = await find(request);
      if (!(await cancelBatch(redis, batch.id, settings.resultTtlSeconds)))
        throw new ApiError('conflict', `Batch ${batch.id} has already ended`);
      feeder.hurry();
      return await stateOf(request, batch);
    });

    bodyless.get(`${path}/:id/results`, { exposeHeadRoute: false }, async (request: ById, reply) => {
      const { from } = parseFields(batchResultsQuery, request.query);
      const batch = await find(request);
      const lines = resultLines(producer, baseUrl(request, settings.publicUrl), batch, from);
      return reply.type('application/jsonl').send(Readable.from(lines));
    });
  });
}
