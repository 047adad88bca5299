import type { FastifyInstance } from 'fastify';
import type { ResponseBody } from '../../contract/openapi/response-schemas.ts';
import type { WorkerInfo } from '../../jobs/queue/heartbeat.ts';
import type { Gateway } from '../gateway.ts';
import { refuseOtherMethods } from '../http/errors.ts';

type NotReady = ResponseBody<'NotReady'>;

const alive = ['/healthz', '/health', '/v1/health'];

/**
 * `GET /healthz` (and `/health`, `/v1/health`, where public clients ask): this process runs. `GET /readyz`: a
 * request sent now would be queued and worked on.
 */
export function healthRoutes(
  app: FastifyInstance,
  { producer }: Gateway,
  workers: () => Promise<WorkerInfo[]>,
): void {
  for (const path of alive) app.get(path, async (): Promise<ResponseBody<'Health'>> => ({ status: 'ok' }));

  app.get('/readyz', async (request, reply) => {
    let live: WorkerInfo[];
    try {
      await producer.probe();
      live = await workers();
    } catch (error) {
      request.log.warn({ err: error }, 'not ready: Redis');
      return reply
        .code(503)
        .send({ status: 'not ready', error: 'Redis does not take writes', workers: 0 } satisfies NotReady);
    }
    if (live.length === 0)
      return reply
        .code(503)
        .send({ status: 'not ready', error: 'No worker is alive', workers: 0 } satisfies NotReady);
    return { status: 'ready', workers: live.length } satisfies ResponseBody<'Ready'>;
  });

  for (const path of [...alive, '/readyz']) refuseOtherMethods(app, path, ['GET', 'HEAD']);
}
