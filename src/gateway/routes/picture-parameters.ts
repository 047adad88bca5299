import type { FastifyInstance } from 'fastify';
import { parseFields } from '../../contract/bodies/fields.ts';
import { ApiError } from '../../contract/errors.ts';
import { pictureParametersBody } from '../../contract/infotext/picture-parameters.ts';
import { recreatedRequest } from '../../contract/infotext/recreated-request.ts';
import type { ResponseBody } from '../../contract/openapi/response-schemas.ts';
import { type ModelFacts, modelsServed } from '../../contract/served-models.ts';
import { show } from '../../contract/show.ts';
import { readParameters } from '../../images/metadata/read-parameters.ts';
import type { Gateway } from '../gateway.ts';
import { gateBodies, pictureLimits } from '../http/body-gate.ts';
import type { MemoryPool } from '../http/memory-pool.ts';
import { assertContentType, readBody } from '../submit/read-body.ts';
import type { WorkerList } from '../submit/worker-list.ts';

export const pictureParameterPaths: Readonly<Record<string, readonly string[]>> = {
  '/v1/picture-parameters': ['POST'],
};

/** `POST /v1/picture-parameters`: the request that makes a picture again, by what the picture says. */
export function pictureParameterRoutes(
  app: FastifyInstance,
  { settings }: Gateway,
  workers: WorkerList,
  bodies: MemoryPool,
): void {
  app.addHook('onRequest', async (request) => assertContentType(request));
  gateBodies(app, bodies);
  app.post(
    '/v1/picture-parameters',
    pictureLimits(settings),
    async (asked): Promise<ResponseBody<'PictureParameters'>> => {
      const { fields, file } = await readBody(asked, settings.imageBodyLimit);
      const { image, parameters } = parseFields(pictureParametersBody, fields);
      const text = parameters ?? textOf(file ?? bytesOf(image));
      if (text === '') return { parameters: '', slug: null, request: null, warnings: [] };
      const { slug, fields: body, warnings } = recreatedRequest(text);
      const { fields: request, told } = withServedModel(body, modelsServed(await workers.live()));
      return { parameters: text, slug, request, warnings: [...warnings, ...told] };
    },
  );
}

/**
 * A picture of elsewhere may name a model that is not here; its request goes to the usual one then. While no
 * worker lives nobody can say so.
 */
function withServedModel(fields: Readonly<Record<string, unknown>>, models: readonly ModelFacts[]) {
  const { model, base_model, ...others } = fields;
  const name = model ?? base_model;
  if (name === undefined || models.length === 0 || models.some(({ id }) => id === name))
    return { fields: { ...fields }, told: [] };
  return { fields: others, told: [`Model: ${show(name)} is not served here, the usual one is taken`] };
}

function bytesOf(image: string | undefined): Buffer {
  if (image === undefined) throw new ApiError('invalidParameter', 'image or parameters is mandatory');
  return Buffer.from(image.trim().replace(/^data:[^,]{0,100},/i, ''), 'base64');
}

function textOf(picture: Buffer): string {
  const found = readParameters(picture);
  if (found !== undefined) return found.text;
  throw new ApiError('invalidParameter', 'image must be a JPEG, PNG or WebP picture');
}
