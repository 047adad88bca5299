import { a1111ErrorBody } from '../a1111/errors.ts';
import { type ErrorStatus, meanings } from './error-responses.ts';
import {
  type JsonObject,
  jsonResponse,
  type Operation,
  type ResponseObject,
  reference,
} from './operation.ts';
import type { ResponseSchemaName } from './response-schemas.ts';

const tag = 'AUTOMATIC1111';
const keys = ['basic', 'apiKey', 'bearer'] as const;

/** Its envelope under each status; 422 has FastAPI's list where a field is wrong. */
function errors(...statuses: ErrorStatus[]): Record<string, ResponseObject> {
  return Object.fromEntries(
    statuses.map((status) => {
      const [description, text] = meanings[status];
      const example = { ...a1111ErrorBody(text) };
      if (status !== 422) return [status, jsonResponse(description, 'A1111Error', example)];
      const schema = { anyOf: [reference('A1111WrongFields'), reference('A1111Error')] };
      return [status, { description, content: { 'application/json': { schema, example } } }];
    }),
  );
}

const jsonBody = (schema: string, example: JsonObject) => ({
  'application/json': { schema: reference(schema), example },
  'multipart/form-data': { schema: reference(schema) },
});

const generationErrors = errors(400, 401, 403, 404, 406, 409, 410, 413, 422, 429, 500, 502, 503, 504);

const images = {
  images: ['iVBORw0KGgo='],
  parameters: { prompt: 'a red panda', steps: 20 },
  info: '{"seed": 42, "all_seeds": [42]}',
} as const;

const generations: Operation[] = [
  {
    ...{ method: 'post', path: '/sdapi/v1/txt2img', tag, summary: 'Text to image', keys },
    body: jsonBody('A1111Txt2Img', {
      ...{ prompt: 'a red panda', steps: 20, width: 1024, height: 1024, sampler_name: 'DPM++ 2M' },
      scheduler: 'Karras',
    }),
    responses: { 200: jsonResponse('The pictures', 'A1111Images', images), ...generationErrors },
  },
  {
    ...{ method: 'post', path: '/sdapi/v1/img2img', tag, summary: 'Image to image; a mask is refused', keys },
    body: jsonBody('A1111Img2Img', {
      ...{
        prompt: 'the same panda in snow',
        init_images: ['https://pictures.example/panda.jpg'],
        denoising_strength: 0.6,
      },
    }),
    responses: { 200: jsonResponse('The pictures', 'A1111Images', images), ...generationErrors },
  },
  {
    ...{ method: 'post', path: '/sdapi/v1/png-info', tag, keys },
    summary: 'What a picture says of how it was made',
    body: {
      'application/json': { schema: reference('A1111PngInfoRequest'), example: { image: 'iVBORw0KGgo=' } },
    },
    responses: {
      200: jsonResponse('Its parameters', 'A1111PngInfo', {
        info: 'a red panda\nSteps: 20, Sampler: Euler a, Seed: 42',
        items: {},
        parameters: { Prompt: 'a red panda', Steps: '20', Sampler: 'Euler a', Seed: '42' },
      }),
      ...errors(400, 401, 406, 413, 422, 429, 500, 503),
    },
  },
];

const readErrors = errors(401, 429, 500, 502, 503);

function list(name: string, summary: string, schema: ResponseSchemaName, example: unknown): Operation {
  return {
    ...{ method: 'get', path: `/sdapi/v1/${name}`, tag, summary, keys },
    responses: { 200: jsonResponse(summary, schema, example as JsonObject), ...readErrors },
  };
}

const state = {
  ...{ skipped: false, interrupted: false, stopping_generation: false, job: 'scripts_txt2img', job_count: 1 },
  ...{ job_timestamp: '20261126171500', job_no: 0, sampling_step: 10, sampling_steps: 20 },
};

const lists: Operation[] = [
  {
    ...list('progress', "What this key's oldest call is at", 'A1111Progress', {
      ...{ progress: 0.51, eta_relative: 4.8, state, current_image: null, textinfo: null },
    }),
    parameters: [{ name: 'skip_current_image', in: 'query', schema: { type: 'boolean' } }],
  },
  list('samplers', 'Names for `sampler_name`', 'A1111Samplers', [
    { name: 'Euler a', aliases: ['k_euler_a'], options: {} },
  ]),
  list('schedulers', 'Names for `scheduler`', 'A1111Schedulers', [
    { name: 'karras', label: 'Karras', aliases: null, default_rho: 7, need_inner_model: false },
  ]),
  list('sd-models', 'Names for `sd_model_checkpoint`', 'A1111Models', [
    {
      ...{ title: 'sdxl-base', model_name: 'sdxl-base', hash: null, sha256: null, filename: 'sdxl-base' },
      config: null,
    },
  ]),
  list('prompt-styles', 'Names for `styles`', 'A1111Styles', [
    { name: 'base', prompt: '{prompt}', negative_prompt: '' },
  ]),
  list('embeddings', 'Textual inversions, which prompts name', 'A1111Embeddings', {
    loaded: {
      easynegative: {
        ...{ step: null, sd_checkpoint: null, sd_checkpoint_name: null, shape: 2048, vectors: 8 },
      },
    },
    skipped: {},
  }),
  list('loras', 'Names for `<lora:name:weight>` in a prompt', 'A1111Loras', [
    { name: 'ink', alias: 'ink', path: 'ink', metadata: {} },
  ]),
  list('options', "This key's settings", 'A1111Options', { sd_model_checkpoint: 'sdxl-base' }),
  list('memory', "Bytes of the gateway's machine", 'A1111Memory', {
    ram: { free: 1e9, used: 3e9, total: 4e9 },
    cuda: { error: 'unavailable' },
  }),
  list('cmd-flags', 'Flags that clients look at', 'A1111Flags', { api: true }),
  list('scripts', 'Scripts: none', 'A1111Scripts', { txt2img: [], img2img: [] }),
  ...[
    ...['upscalers', 'latent-upscale-modes', 'sd-vae', 'sd-modules', 'hypernetworks', 'face-restorers'],
    ...['realesrgan-models', 'script-info', 'extensions'],
  ].map((name) => list(name, 'There are none', 'A1111None', [])),
];

function command(name: string, summary: string): Operation {
  return {
    ...{ method: 'post', path: `/sdapi/v1/${name}`, tag, summary, keys },
    responses: { 200: jsonResponse('Done', 'A1111Done', {}), ...readErrors },
  };
}

function refusal(name: string, summary: string): Operation {
  return {
    ...{ method: 'post', path: `/sdapi/v1/${name}`, tag, summary, keys },
    responses: errors(400, 401, 429, 500, 503),
  };
}

const commands: Operation[] = [
  command('interrupt', "Ends this key's oldest call; it is answered with the pictures finished before"),
  command('skip', "Ends the iteration that this key's oldest call is at"),
  ...['refresh-checkpoints', 'refresh-vae', 'refresh-loras', 'refresh-embeddings'].map((name) =>
    command(name, 'Nothing to do: changes are seen by themselves'),
  ),
  command('unload-checkpoint', 'Nothing to do: checkpoints are exchanged as requests need them'),
  command('reload-checkpoint', 'Nothing to do: checkpoints are exchanged as requests need them'),
  refusal('interrogate', 'Refused: pictures are not described'),
  refusal('extra-single-image', 'Refused: pictures are not enlarged'),
  refusal('extra-batch-images', 'Refused: pictures are not enlarged'),
  {
    ...{ method: 'post', path: '/sdapi/v1/options', tag, keys },
    summary: 'Sets the checkpoint of all further calls of this key; other settings are ignored',
    body: {
      'application/json': {
        schema: reference('A1111SetOptions'),
        example: { sd_model_checkpoint: 'juggernaut' },
      },
    },
    responses: {
      200: jsonResponse('Done', 'A1111Done', {}),
      ...errors(400, 401, 406, 413, 422, 429, 500, 502, 503),
    },
  },
  ...['/internal/ping', '/queue/status'].map(
    (path): Operation => ({
      ...{ method: 'get', path, tag, summary: 'That the server is there', keys: [] },
      responses: { 200: jsonResponse('It is', 'A1111Done', {}), ...errors(500) },
    }),
  ),
];

/** AUTOMATIC1111's API. */
export const a1111Operations: readonly Operation[] = [...generations, ...lists, ...commands];
