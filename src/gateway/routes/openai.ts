import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Endpoint } from '../../contract/endpoints.ts';
import { ApiError } from '../../contract/errors.ts';
import {
  imagesReply,
  type Size,
  type TranslatedBody,
  translateEdit,
  translateGeneration,
} from '../../contract/openai.ts';
import { modelNotFoundBody, openAiErrorBody, openAiFailureBody } from '../../contract/openai-error.ts';
import { findModel, modelList } from '../../contract/openai-models.ts';
import { syncHeaders } from '../../contract/responses.ts';
import { slugs } from '../../contract/slugs.ts';
import { readBalance } from '../../jobs/records/credits.ts';
import type { Gateway } from '../gateway.ts';
import { requireApiKey } from '../http/auth.ts';
import { baseUrl } from '../http/base-url.ts';
import { gateBodies, pictureLimits } from '../http/body-gate.ts';
import { clientGone } from '../http/client-gone.ts';
import { reportError } from '../http/errors.ts';
import type { MemoryPool } from '../http/memory-pool.ts';
import type { Accept } from '../submit/accept.ts';
import { assertContentType, type RawBody, readBody } from '../submit/read-body.ts';
import { createWait } from '../submit/wait.ts';
import type { WorkerList } from '../submit/worker-list.ts';
import { picturesOf } from './pictures-of.ts';

const paths = {
  generations: '/v1/images/generations',
  edits: '/v1/images/edits',
  models: '/v1/models',
  model: '/v1/models/:id',
};

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
  refuseOtherMethods(app, paths.generations, ['POST']);
  refuseOtherMethods(app, paths.edits, ['POST']);
  refuseOtherMethods(app, paths.models, ['GET', 'HEAD']);
  refuseOtherMethods(app, paths.model, ['GET', 'HEAD']);

  await app.register(async (keyed) => {
    requireApiKey(keyed, { ...gateway, settings: { ...settings, acceptBearer: true } });

    const served = async () => {
      const live = await workers.live();
      return {
        endpoints: new Set(live.flatMap(({ endpoints }): readonly Endpoint[] => endpoints)),
        baseModels: new Set(live.flatMap(({ baseModels }) => baseModels)),
      };
    };
    keyed.get(paths.models, async () => modelList(await served()));
    keyed.get<{ Params: { id: string } }>(paths.model, async ({ params: { id } }, reply) => {
      const model = findModel(id, await served());
      return model ?? reply.code(404).send(modelNotFoundBody(id));
    });

    await keyed.register(async (submits) => submitRoutes(submits, gateway, accept, bodies));
  });
}

function submitRoutes(app: FastifyInstance, gateway: Gateway, accept: Accept, bodies: MemoryPool): void {
  const { producer, settings } = gateway;
  const wait = createWait(app, gateway);
  app.addHook('onRequest', async (request) => assertContentType(request));
  gateBodies(app, bodies);

  const answer = async (
    request: FastifyRequest,
    reply: FastifyReply,
    translated: TranslatedBody,
    file?: Buffer,
  ) => {
    if (settings.retiredSlugs.includes(slugs[translated.slug].endpoint))
      throw new ApiError('retired', `${slugs[translated.slug].endpoint} is retired`);
    const { fields, warnings, size, slug } = translated;
    const isEdit = slugs[slug].endpoint === 'sdxl-img2img';
    const body: RawBody = { fields, warnings, ...(file && { file }), ...(isEdit && size && { size }) };
    const base = baseUrl(request, settings.publicUrl);
    const { headers, apiKey, owner, takeRoom } = request;
    const id = await accept(slug, body, { headers, apiKey, owner, takeRoom, base, gone: clientGone(reply) });
    request.releaseBody();
    return await wait(request, reply, id, async (record) => {
      if (record.status === 'FAILED') return reply.code(422).send(openAiFailureBody(record.error));
      const { remaining } = await readBalance(producer.redis, record.owner);
      reply.headers(syncHeaders(record, new Date(), remaining));
      const asBase64 = translated.responseFormat === 'b64_json';
      const pictures = asBase64 ? await picturesOf(producer, record) : undefined;
      return imagesReply(base, record, pictures);
    });
  };

  app.post(paths.generations, { bodyLimit: settings.bodyLimit }, async (request, reply) => {
    const { fields } = await readBody(request, settings.bodyLimit);
    return await answer(request, reply, translateGeneration(fields));
  });

  app.post(paths.edits, pictureLimits(settings), async (request, reply) => {
    const { fields, file, fileNames = [] } = await readBody(request, settings.imageBodyLimit);
    if (fileNames.includes('mask'))
      throw new ApiError('invalidParameter', 'mask is not supported: the whole picture is edited');
    if (fileNames.length > 1)
      throw new ApiError('invalidParameter', `image must be one picture, got ${fileNames.length} files`);
    const translated = translateEdit(fields);
    assertSizeAllowed(translated.size, settings.img2imgMaxPixels);
    return await answer(request, reply, translated, file);
  });
}

/** An input picture is made as large as that, and no larger than any. */
function assertSizeAllowed(size: Size | undefined, mostPixels: number): void {
  if (size === undefined || size.width * size.height <= mostPixels) return;
  throw new ApiError(
    'invalidParameter',
    `size must have at most ${mostPixels} pixels here, got "${size.width}x${size.height}"`,
  );
}

async function sendOpenAiError(error: unknown, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const { status, message, code } = reportError(error, request, reply);
  await reply
    .code(status)
    .type('application/json')
    .send(openAiErrorBody(status, message, code));
}

/** Here a wrong verb is answered in JSON: OpenAI's clients read nothing else. */
function refuseOtherMethods(app: FastifyInstance, url: string, allowed: readonly string[]): void {
  app.route({
    method: app.supportedMethods.filter((each) => !allowed.includes(each)),
    url,
    onRequest: async (_, reply) => {
      reply.header('allow', allowed.join(', '));
      throw new ApiError('methodNotAllowed');
    },
    handler: async () => undefined,
  });
}
