import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { a1111ErrorBody, WrongFieldsError, wrongFieldsBody } from '../../../contract/a1111/errors.ts';
import type { Gateway } from '../../gateway.ts';
import { requireApiKey } from '../../http/auth.ts';
import { refuseOtherMethodsInJson, reportError } from '../../http/errors.ts';
import type { MemoryPool } from '../../http/memory-pool.ts';
import { ignoreBodies } from '../../http/read-json.ts';
import type { Accept } from '../../submit/accept.ts';
import type { WorkerList } from '../../submit/worker-list.ts';
import { createCheckpoints } from './checkpoints.ts';
import { commandPaths, commandRoutes } from './commands.ts';
import { generationPaths, generationRoutes } from './generation.ts';
import { listPaths, listRoutes } from './lists.ts';
import { optionPaths, optionRoutes } from './options.ts';
import { pngInfoPaths, pngInfoRoutes } from './png-info.ts';

/** What clients look for before they send a key: its own, and that of Gradio, on which it stands. */
const pings = ['/internal/ping', '/queue/status'] as const;

/**
 * AUTOMATIC1111's API under `/sdapi/v1/` (modules/api/api.py). Keys may come as `x-api-key`, as a bearer
 * token or as the password of HTTP's Basic scheme; errors go in FastAPI's and its own forms.
 */
export async function a1111Routes(
  app: FastifyInstance,
  gateway: Gateway,
  accept: Accept,
  workers: WorkerList,
  bodies: MemoryPool,
): Promise<void> {
  app.setErrorHandler(sendError);
  for (const [path, verbs] of Object.entries({
    ...{ ...listPaths, ...commandPaths, ...generationPaths, ...optionPaths, ...pngInfoPaths },
    ...Object.fromEntries(pings.map((path) => [path, ['GET', 'HEAD']])),
  }))
    refuseOtherMethodsInJson(app, path, verbs);
  for (const path of pings) app.get(path, async () => ({}));

  const checkpoints = createCheckpoints(gateway, workers);
  await app.register(async (keyed) => {
    const settings = { ...gateway.settings, acceptBearer: true };
    requireApiKey(keyed, { ...gateway, settings }, true);
    await keyed.register(async (bodyless) => {
      ignoreBodies(bodyless);
      listRoutes(bodyless, checkpoints, workers);
      commandRoutes(bodyless, gateway);
    });
    await keyed.register(async (options) => optionRoutes(options, gateway, checkpoints));
    await keyed.register(async (infos) => pngInfoRoutes(infos, gateway, bodies));
    await keyed.register(async (submits) => generationRoutes(submits, gateway, accept, checkpoints, bodies));
  });
}

async function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { status, message } = reportError(error, request, reply);
  reply.type('application/json');
  if (error instanceof WrongFieldsError) await reply.code(422).send(wrongFieldsBody(error));
  else await reply.code(status).send(a1111ErrorBody(message));
}
