import type { FastifyInstance } from 'fastify';
import type { AdminAnswer } from '../../../contract/answers/admin.ts';
import { memoryReportBody } from '../../../contract/answers/memory-report.ts';
import { routesOf } from '../../../contract/routes.ts';
import { countByRoute, isPaused, setPaused } from '../../../jobs/queue/pause.ts';
import { readAudit } from '../../../jobs/records/audit.ts';
import { readActivity } from '../../../jobs/records/request-list.ts';
import type { Gateway } from '../../gateway.ts';
import type { WorkerList } from '../../submit/worker-list.ts';
import type { Audit } from './audit.ts';

/** Rates are taken over this many minutes. */
const rateMinutes = 5;
/** Acts shown of the audit log. */
const mostActs = 500;

/** `/v1/admin/queues`, `/workers`, `/audit`: what waits and runs and who did what; pause and resume. */
export function adminQueueRoutes(
  app: FastifyInstance,
  { producer: { redis } }: Gateway,
  workers: WorkerList,
  audit: Audit,
): void {
  const queues = async (): Promise<AdminAnswer<'AdminQueues'>> => {
    const [paused, activity, routes] = await Promise.all([
      isPaused(redis),
      readActivity(redis, rateMinutes * 60_000),
      countByRoute(redis),
    ]);
    const { completed, failed, waiting, unfinished } = activity;
    return {
      ...{ paused, waiting, processing: unfinished - waiting },
      completed_per_minute: completed / rateMinutes,
      failed_per_minute: failed / rateMinutes,
      routes,
    };
  };

  app.get('/v1/admin/queues', queues);
  for (const [word, paused] of [
    ['pause', true],
    ['resume', false],
  ] as const)
    app.post(`/v1/admin/queues/${word}`, async (request): Promise<AdminAnswer<'AdminQueues'>> => {
      await audit(request, word);
      await setPaused(redis, paused);
      return await queues();
    });

  app.get('/v1/admin/workers', async (): Promise<AdminAnswer<'AdminWorkers'>> => {
    const live = await workers.live();
    return {
      workers: live.map((worker) => ({
        ...{ id: worker.id, device: worker.device, busy: worker.busy },
        ...(worker.request !== undefined && { request_id: worker.request }),
        routes: routesOf(worker),
        resident: [...worker.resident],
        ...(worker.memory !== undefined && { memory: memoryReportBody(worker.memory) }),
      })),
    };
  });

  app.get('/v1/admin/audit', async (): Promise<AdminAnswer<'AdminAudit'>> => {
    const acts = await readAudit(redis, mostActs);
    return { acts: acts.map(({ at, ...act }) => ({ at: new Date(at).toISOString(), ...act })) };
  });
}
