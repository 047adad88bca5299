import type { FastifyInstance } from 'fastify';
import { a1111Bodies } from '../../../contract/a1111/bodies.ts';
import { parseA1111 } from '../../../contract/a1111/errors.ts';
import type { ResponseBody } from '../../../contract/openapi/response-schemas.ts';
import { chooseCheckpoint } from '../../../jobs/records/iterated-calls.ts';
import type { Gateway } from '../../gateway.ts';
import { assertContentType } from '../../submit/read-body.ts';
import type { Checkpoints } from './checkpoints.ts';

export const optionPaths: Readonly<Record<string, readonly string[]>> = {
  '/sdapi/v1/options': ['GET', 'HEAD', 'POST'],
};

/** Settings by the names of A1111: what has a meaning here, each key's own. */
export function optionRoutes(
  app: FastifyInstance,
  { producer, settings }: Gateway,
  checkpoints: Checkpoints,
): void {
  app.get(
    '/sdapi/v1/options',
    async ({ owner }): Promise<ResponseBody<'A1111Options'>> => ({
      sd_model_checkpoint: (await checkpoints.current(owner)) ?? null,
      sd_checkpoint_hash: '',
      sd_vae: 'Automatic',
      CLIP_stop_at_last_layers: 1,
      samples_format: 'png',
      jpeg_quality: 95,
      enable_pnginfo: settings.embedParameters !== 'off',
      randn_source: settings.rng === 'torch-cpu' ? 'CPU' : 'NV',
      eta_noise_seed_delta: 0,
      img2img_fix_steps: false,
      live_previews_enable: true,
      show_progress_every_n_steps: 1,
    }),
  );

  // Settings without a meaning here are taken and ignored, as a client that saves all of them expects.
  const onRequest = async (request: Parameters<typeof assertContentType>[0]) => assertContentType(request);
  app.post(
    '/sdapi/v1/options',
    { bodyLimit: settings.bodyLimit, onRequest },
    async ({ body, owner }, reply) => {
      const { sd_model_checkpoint: title = '' } = parseA1111(a1111Bodies.options, body);
      if (title !== '') await chooseCheckpoint(producer.redis, owner, await checkpoints.find(title));
      return reply.type('application/json').send('null');
    },
  );
}
