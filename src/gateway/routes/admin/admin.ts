import type { FastifyInstance } from 'fastify';
import { ApiError } from '../../../contract/errors.ts';
import type { Gateway } from '../../gateway.ts';
import { refuseOtherMethods } from '../../http/errors.ts';
import type { WorkerList } from '../../submit/worker-list.ts';
import { createAudit } from './audit.ts';
import { adminKeyRoutes } from './keys.ts';
import { adminModelRoutes } from './models.ts';
import { adminQueueRoutes } from './queues.ts';
import { adminRequestRoutes } from './requests.ts';

/** `/v1/admin/*`: queues, requests, workers and keys, for admin keys. Registered where a key is asked for. */
export function adminRoutes(app: FastifyInstance, gateway: Gateway, workers: WorkerList): void {
  const { redis } = gateway.producer;
  app.addHook('onRequest', async ({ apiKey }) => {
    if (!apiKey.admin)
      throw new ApiError('forbidden', 'The admin API is for admin keys; this API key is none');
  });
  const audit = createAudit(redis);
  adminKeyRoutes(app, gateway, audit);
  adminRequestRoutes(app, gateway, workers, audit);
  adminQueueRoutes(app, gateway, workers, audit);
  adminModelRoutes(app, gateway, workers, audit);
}

/** Addresses of the admin API and the verbs they know. */
const adminPaths: Readonly<Record<string, readonly string[]>> = {
  '/v1/admin/keys': ['GET', 'HEAD', 'POST'],
  '/v1/admin/keys/:id': ['PATCH', 'DELETE'],
  '/v1/admin/keys/:id/credits': ['POST'],
  '/v1/admin/requests': ['GET', 'HEAD'],
  '/v1/admin/requests/:id': ['DELETE'],
  '/v1/admin/requests/:id/retry': ['POST'],
  '/v1/admin/requests/:id/front': ['POST'],
  '/v1/admin/queues': ['GET', 'HEAD'],
  '/v1/admin/queues/pause': ['POST'],
  '/v1/admin/queues/resume': ['POST'],
  '/v1/admin/workers': ['GET', 'HEAD'],
  '/v1/admin/models': ['GET', 'HEAD'],
  '/v1/admin/models/rescan': ['POST'],
  '/v1/admin/models/:name/load': ['POST'],
  '/v1/admin/models/:name/unload': ['POST'],
  '/v1/admin/audit': ['GET', 'HEAD'],
};

export function refuseOtherAdminVerbs(app: FastifyInstance): void {
  for (const [path, verbs] of Object.entries(adminPaths)) refuseOtherMethods(app, path, verbs);
}
