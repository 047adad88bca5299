import type { FastifyInstance } from 'fastify';
import { memoryReportBody } from '../../contract/answers/memory-report.ts';
import type { ResponseBody } from '../../contract/openapi/response-schemas.ts';
import type { WorkerInfo } from '../../jobs/queue/heartbeat.ts';
import { assertNoEviction, EvictionError, troubleOf } from '../../jobs/redis/connection.ts';
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
      await assertNoEviction(producer.redis);
      live = await workers();
    } catch (error) {
      // What the connection was told says more than the command that it could not send.
      request.log.warn({ err: troubleOf(producer.redis) ?? error }, 'not ready: Redis');
      const reason =
        error instanceof EvictionError
          ? 'Redis would drop queued jobs when full: its maxmemory-policy is not noeviction'
          : 'Redis does not take writes';
      return reply.code(503).send({ status: 'not ready', error: reason, workers: 0 } satisfies NotReady);
    }
    if (live.length === 0)
      return reply
        .code(503)
        .send({ status: 'not ready', error: 'No worker is alive', workers: 0 } satisfies NotReady);
    const devices = live.map(({ device, deviceReason: reason, memory }) => ({
      device,
      ...(reason && { reason }),
      ...(memory && { memory: memoryReportBody(memory) }),
    }));
    return { status: 'ready', workers: live.length, devices } satisfies ResponseBody<'Ready'>;
  });

  for (const path of [...alive, '/readyz']) refuseOtherMethods(app, path, ['GET', 'HEAD']);
}
