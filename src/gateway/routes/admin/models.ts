import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AdminAnswer } from '../../../contract/answers/admin.ts';
import { ApiError } from '../../../contract/errors.ts';
import { show } from '../../../contract/show.ts';
import { orderWorkers } from '../../../jobs/queue/worker-control.ts';
import type { Gateway } from '../../gateway.ts';
import type { WorkerList } from '../../submit/worker-list.ts';
import type { Audit } from './audit.ts';

type ByName = FastifyRequest<{ Params: { name: string } }>;

/**
 * `/v1/admin/models`: what the workers have installed and loaded, and what of their folders is not served;
 * load, unload, look at the folders anew. Workers do so once their jobs in hand are done.
 */
export function adminModelRoutes(
  app: FastifyInstance,
  { producer: { redis } }: Gateway,
  workers: WorkerList,
  audit: Audit,
): void {
  const models = async (): Promise<AdminAnswer<'AdminModels'>> => {
    const live = await workers.live();
    const found = new Map<
      string,
      { name: string; serves: string[]; installed: string[]; loaded: string[] }
    >();
    for (const { id, models = [] } of live)
      for (const { name, serves, loaded } of models) {
        const one = found.get(name) ?? { name, serves: [...serves], installed: [], loaded: [] };
        one.installed.push(id);
        if (loaded) one.loaded.push(id);
        found.set(name, one);
      }
    const unservable = live.flatMap(({ id, unservable = [] }) =>
      unservable.map(({ entry, reason }) => ({ worker: id, entry, reason })),
    );
    return { models: [...found.values()].sort((a, b) => a.name.localeCompare(b.name)), unservable };
  };

  app.get('/v1/admin/models', models);

  app.post('/v1/admin/models/rescan', async (request, reply): Promise<AdminAnswer<'AdminModels'>> => {
    await audit(request, 'rescan models');
    await orderWorkers(redis, { act: 'rescan' });
    reply.code(202);
    return await models();
  });

  for (const act of ['load', 'unload'] as const)
    app.post(
      `/v1/admin/models/:name/${act}`,
      async (request: ByName, reply): Promise<AdminAnswer<'AdminModels'>> => {
        const { name } = request.params;
        const known = (await models()).models.find(
          (model) => model.name === name || model.serves.includes(name),
        );
        if (known === undefined)
          throw new ApiError('notFound', `No live worker has a model ${show(name)} installed`);
        if (act === 'unload' && known.loaded.length === 0)
          throw new ApiError('conflict', `The model ${known.name} is not loaded anywhere`);
        await audit(request, `${act} model`, known.name);
        await orderWorkers(redis, { act, model: known.serves[0] ?? known.name });
        reply.code(202);
        return await models();
      },
    );
}
