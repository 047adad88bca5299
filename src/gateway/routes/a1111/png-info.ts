import type { FastifyInstance } from 'fastify';
import { a1111Bodies } from '../../../contract/a1111/bodies.ts';
import { parseA1111, refuseField } from '../../../contract/a1111/errors.ts';
import { a1111Parameters } from '../../../contract/a1111/png-info.ts';
import type { ResponseBody } from '../../../contract/openapi/response-schemas.ts';
import { readParameters } from '../../../images/metadata/read-parameters.ts';
import type { Gateway } from '../../gateway.ts';
import { gateBodies, pictureLimits } from '../../http/body-gate.ts';
import type { MemoryPool } from '../../http/memory-pool.ts';
import { assertContentType } from '../../submit/read-body.ts';

export const pngInfoPaths: Readonly<Record<string, readonly string[]>> = { '/sdapi/v1/png-info': ['POST'] };

/** `POST /sdapi/v1/png-info`: what a picture says of how it was made. Its pixels are not looked at. */
export function pngInfoRoutes(app: FastifyInstance, { settings }: Gateway, bodies: MemoryPool): void {
  app.addHook('onRequest', async (request) => assertContentType(request));
  gateBodies(app, bodies);
  app.post(
    '/sdapi/v1/png-info',
    pictureLimits(settings),
    async ({ body }): Promise<ResponseBody<'A1111PngInfo'>> => {
      const { image } = parseA1111(a1111Bodies.pngInfo, body);
      const encoded = image.trim().replace(/^data:[^,]{0,100},/i, '');
      const found = readParameters(Buffer.from(encoded, 'base64'));
      if (found === undefined)
        return refuseField('image', image, 'must be a JPEG, PNG or WebP picture in base64');
      return { info: found.text, items: { ...found.items }, parameters: a1111Parameters(found.text) };
    },
  );
}
