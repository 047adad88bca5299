import type { FastifyInstance } from 'fastify';
import type { WorkerInfo } from '../../jobs/queue/heartbeat.ts';
import type { Gateway } from '../gateway.ts';
import { refuseOtherMethods } from '../http/errors.ts';

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
  for (const path of alive) app.get(path, async () => ({ status: 'ok' }));

  app.get('/readyz', async (request, reply) => {
    let live: WorkerInfo[];
    try {
      await producer.probe();
      live = await workers();
    } catch (error) {
      request.log.warn({ err: error }, 'not ready: Redis');
      return reply.code(503).send({ status: 'not ready', error: 'Redis does not take writes', workers: 0 });
    }
    if (live.length === 0)
      return reply.code(503).send({ status: 'not ready', error: 'No worker is alive', workers: 0 });
    return { status: 'ready', workers: live.length };
  });

  for (const path of [...alive, '/readyz']) refuseOtherMethods(app, path, ['GET', 'HEAD']);
}
