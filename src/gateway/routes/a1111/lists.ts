import { freemem, totalmem } from 'node:os';
import type { FastifyInstance } from 'fastify';
import { a1111Samplers, a1111Schedulers } from '../../../contract/a1111/samplers.ts';
import { adapterList } from '../../../contract/answers/adapters.ts';
import type { ResponseBody } from '../../../contract/openapi/response-schemas.ts';
import { applyStyle, styleNames } from '../../../text/styles.ts';
import type { WorkerList } from '../../submit/worker-list.ts';
import type { Checkpoints } from './checkpoints.ts';

const read = ['GET', 'HEAD'];
/** Kinds of things that this server has none of; clients ask for their lists all the same. */
const none = [
  ...['upscalers', 'latent-upscale-modes', 'sd-vae', 'sd-modules', 'hypernetworks', 'face-restorers'],
  ...['realesrgan-models', 'script-info', 'extensions'],
].map((name) => `/sdapi/v1/${name}`);

/** Addresses of these routes and the verbs they know. */
export const listPaths: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    [
      'samplers',
      'schedulers',
      'sd-models',
      'embeddings',
      'loras',
      'prompt-styles',
      'memory',
      'cmd-flags',
      'scripts',
    ].map((name) => [`/sdapi/v1/${name}`, read]),
  ),
  ...Object.fromEntries(none.map((path) => [path, read])),
};

/** `GET` of what a client may ask for. */
export function listRoutes(app: FastifyInstance, checkpoints: Checkpoints, workers: WorkerList): void {
  app.get('/sdapi/v1/samplers', async () => a1111Samplers());
  app.get('/sdapi/v1/schedulers', async () => a1111Schedulers());
  app.get('/sdapi/v1/sd-models', async (): Promise<ResponseBody<'A1111Models'>> => {
    const names = await checkpoints.served();
    return names.map((name) => ({
      ...{ title: name, model_name: name, hash: null, sha256: null, filename: name, config: null },
    }));
  });
  app.get(
    '/sdapi/v1/prompt-styles',
    async (): Promise<ResponseBody<'A1111Styles'>> =>
      styleNames.map((name) => {
        const { prompt, negativePrompt } = applyStyle(name, '{prompt}', '');
        return { name, prompt, negative_prompt: negativePrompt };
      }),
  );
  app.get('/sdapi/v1/loras', async (): Promise<ResponseBody<'A1111Loras'>> => {
    const { data } = adapterList((await workers.live()).map(({ loras }) => loras));
    return data.map(({ name, few_step: fewStep }) => ({
      ...{ name, alias: name, path: name },
      // There the file's own; what is told of it here is no key of a trainer's.
      metadata: fewStep === undefined ? {} : { few_step: fewStep },
    }));
  });
  app.get('/sdapi/v1/embeddings', async (): Promise<ResponseBody<'A1111Embeddings'>> => {
    const { data } = adapterList((await workers.live()).map(({ embeddings }) => embeddings));
    const unknown = { step: null, sd_checkpoint: null, sd_checkpoint_name: null };
    const loaded = data.map(
      ({ name, tokens = 0, width = 0 }) => [name, { ...unknown, shape: width, vectors: tokens }] as const,
    );
    // What does not fit a model is said when it is asked for: there are several models here.
    return { loaded: Object.fromEntries(loaded), skipped: {} };
  });
  app.get('/sdapi/v1/memory', async (): Promise<ResponseBody<'A1111Memory'>> => {
    const [free, total] = [freemem(), totalmem()];
    return { ram: { free, used: total - free, total }, cuda: { error: 'unavailable' } };
  });
  app.get(
    '/sdapi/v1/cmd-flags',
    async (): Promise<ResponseBody<'A1111Flags'>> => ({
      ...{
        api: true,
        nowebui: true,
        api_auth: null,
        api_log: false,
        ckpt: null,
        no_half: false,
        lowvram: false,
      },
    }),
  );
  app.get(
    '/sdapi/v1/scripts',
    async (): Promise<ResponseBody<'A1111Scripts'>> => ({
      txt2img: [],
      img2img: [],
    }),
  );
  for (const path of none) app.get(path, async () => []);
}
