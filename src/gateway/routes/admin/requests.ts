import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type AdminAnswer, requestsQuery } from '../../../contract/answers/admin.ts';
import { submitReply } from '../../../contract/answers/responses.ts';
import { parseFields } from '../../../contract/bodies/fields.ts';
import { ApiError, requestNotFound } from '../../../contract/errors.ts';
import type { RequestRecord } from '../../../contract/request-record.ts';
import { routeOf } from '../../../contract/routes.ts';
import { moveToFront } from '../../../jobs/queue/move-to-front.ts';
import { type ListedRequest, listRequests } from '../../../jobs/records/request-list.ts';
import type { Gateway } from '../../gateway.ts';
import { baseUrl } from '../../http/base-url.ts';
import type { WorkerList } from '../../submit/worker-list.ts';
import type { Audit } from './audit.ts';

type ById = FastifyRequest<{ Params: { id: string } }>;

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const at = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** What an administrator is told of a request: never its prompt or pictures. */
function requestBody(
  { record, progress }: ListedRequest,
  worker: string | undefined,
): AdminAnswer<'AdminRequest'> {
  const { id, status, owner, request, submittedAt, startedAt, finishedAt, attempts, error } = record;
  return {
    ...{ request_id: id, status, owner, endpoint: request.endpoint, route: routeOf(request) },
    submitted_at: at(submittedAt),
    ...(startedAt !== undefined && { started_at: at(startedAt) }),
    ...(finishedAt !== undefined && { finished_at: at(finishedAt) }),
    attempts,
    ...(progress && { step: progress.step, steps: progress.steps }),
    ...(worker !== undefined && { worker }),
    ...(error !== undefined && { error }),
  };
}

/** `/v1/admin/requests`: list those of everybody, cancel, make anew, move to the front. */
export function adminRequestRoutes(
  app: FastifyInstance,
  { producer, settings }: Gateway,
  workers: WorkerList,
  audit: Audit,
): void {
  const find = async ({ params: { id } }: ById): Promise<RequestRecord> => {
    const record = uuid.test(id) ? await producer.read(id) : undefined;
    if (record === undefined) throw requestNotFound(id);
    return record;
  };

  app.get('/v1/admin/requests', async (request): Promise<AdminAnswer<'AdminRequests'>> => {
    const { status, limit } = parseFields(requestsQuery, request.query);
    const inHand = new Map((await workers.live()).map(({ id, request }) => [request, id]));
    const listed = await listRequests(producer.redis, { status, most: limit });
    return { requests: listed.map((each) => requestBody(each, inHand.get(each.record.id))) };
  });

  app.delete('/v1/admin/requests/:id', async (request: ById): Promise<AdminAnswer<'AdminRequest'>> => {
    const { id, finishedAt, status } = await find(request);
    if (finishedAt !== undefined)
      throw new ApiError('conflict', `Request ${id} has already ended as ${status}`);
    await audit(request, 'cancel', id);
    const record = await producer.cancel(id);
    if (record === undefined) throw requestNotFound(id);
    return requestBody({ record }, undefined);
  });

  app.post('/v1/admin/requests/:id/retry', async (request: ById) => {
    const record = await find(request);
    if (record.status !== 'FAILED')
      throw new ApiError(
        'conflict',
        `Request ${record.id} is ${record.status}; only a FAILED one is made anew`,
      );
    if (record.request.endpoint === 'sdxl-img2img')
      throw new ApiError(
        'conflict',
        `Request ${record.id} has ended and its input picture is gone; its owner can send it again`,
      );
    await audit(request, 'retry', record.id);
    const id = randomUUID();
    // For its owner, to whom a FAILED request has cost nothing, and neither does this one.
    await producer.submit(id, record.owner, record.request, 0);
    return submitReply(baseUrl(request, settings.publicUrl), id);
  });

  app.post('/v1/admin/requests/:id/front', async (request: ById): Promise<AdminAnswer<'AdminRequest'>> => {
    const record = await find(request);
    await audit(request, 'move to the front', record.id);
    if (!(await moveToFront(producer.redis, record)))
      throw new ApiError('conflict', `Request ${record.id} does not wait any more`);
    return requestBody({ record: await find(request) }, undefined);
  });
}
