import type { FastifyInstance } from 'fastify';
import { adapterList } from '../../contract/answers/adapters.ts';
import type { ResponseBody } from '../../contract/openapi/response-schemas.ts';
import { gzipText } from '../http/compression.ts';
import type { WorkerList } from '../submit/worker-list.ts';

/** Addresses of these routes and the verbs they know. */
export const adapterPaths: Readonly<Record<string, readonly string[]>> = {
  '/v1/loras': ['GET', 'HEAD'],
  '/v1/embeddings': ['GET', 'HEAD'],
};

/** What lies beside the models and requests can name, as the live workers find it now. */
export function adapterRoutes(app: FastifyInstance, workers: WorkerList): void {
  for (const kind of ['loras', 'embeddings'] as const)
    app.get(`/v1/${kind}`, { onSend: gzipText }, async (_, reply): Promise<ResponseBody<'Adapters'>> => {
      reply.header('cache-control', 'no-store');
      return adapterList((await workers.live()).map((worker) => worker[kind]));
    });
}
