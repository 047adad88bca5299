import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { modelNotFoundBody, openAiFailure } from '../../contract/openai/error.ts';
import { findModel, modelList } from '../../contract/openai/models.ts';
import { modelsServed } from '../../contract/served-models.ts';
import type { Gateway } from '../gateway.ts';
import { requireApiKey } from '../http/auth.ts';
import { gzipText } from '../http/compression.ts';
import { refuseOtherMethodsInJson, reportError } from '../http/errors.ts';
import type { MemoryPool } from '../http/memory-pool.ts';
import type { Accept } from '../submit/accept.ts';
import type { WorkerList } from '../submit/worker-list.ts';
import { imagePaths, imageRoutes } from './openai-images.ts';

const paths = { models: '/v1/models', model: '/v1/models/:id' };

/** OpenAI's Images API. Keys may come as `Authorization: Bearer`, errors go in OpenAI's envelope. */
export async function openAiRoutes(
  app: FastifyInstance,
  gateway: Gateway,
  accept: Accept,
  workers: WorkerList,
  bodies: MemoryPool,
): Promise<void> {
  const { settings } = gateway;
  app.setErrorHandler(sendOpenAiError);
  for (const path of Object.values(imagePaths)) refuseOtherMethodsInJson(app, path, ['POST']);
  refuseOtherMethodsInJson(app, paths.models, ['GET', 'HEAD']);
  refuseOtherMethodsInJson(app, paths.model, ['GET', 'HEAD']);

  await app.register(async (keyed) => {
    requireApiKey(keyed, { ...gateway, settings: { ...settings, acceptBearer: true } });

    const served = async () => modelsServed(await workers.live());
    keyed.get(paths.models, { onSend: gzipText }, async () => modelList(await served()));
    keyed.get<{ Params: { id: string } }>(paths.model, async ({ params: { id } }, reply) => {
      const model = findModel(id, await served());
      return model ?? reply.code(404).send(modelNotFoundBody(id));
    });

    await keyed.register(async (submits) => imageRoutes(submits, gateway, accept, bodies));
  });
}

async function sendOpenAiError(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { status, message, code } = reportError(error, request, reply);
  const failure = openAiFailure(status, message, code);
  await reply.code(failure.status).headers(failure.headers).type('application/json').send(failure.body);
}
