import { errorResponses } from './error-responses.ts';
import { jsonResponse, type Operation, type ResponseObject } from './operation.ts';

const notChanged: ResponseObject = { description: 'Not changed' };

const lists: Operation[] = [
  {
    method: 'get',
    path: '/v1/styles',
    tag: 'Lists',
    summary: 'Names for `style`',
    keys: [],
    responses: {
      200: jsonResponse('All styles with their other spellings', 'Styles', {
        default: 'base',
        styles: [{ name: 'advertising', aliases: ['ads-advertising'] }],
      }),
      304: notChanged,
      ...errorResponses(500),
    },
  },
  {
    method: 'get',
    path: '/v1/schedulers',
    tag: 'Lists',
    summary: 'Names for `scheduler`, by endpoint',
    keys: [],
    responses: {
      200: jsonResponse('All schedulers', 'Schedulers', {
        'sdxl-torch': { default: 'UniPC', schedulers: ['Euler', 'UniPC'], aliases: { euler: 'Euler' } },
        'sdxl-img2img': { default: 'UniPC', schedulers: ['LMS Karras', 'UniPC'], aliases: {} },
      }),
      304: notChanged,
      ...errorResponses(500),
    },
  },
  {
    method: 'get',
    path: '/v1/samplers',
    tag: 'Lists',
    summary: 'Names for `sampler` and `schedule`',
    keys: [],
    responses: {
      200: jsonResponse(
        'Solvers with the schedules each may be put on, and what the schedules are',
        'Samplers',
        {
          samplers: [
            {
              ...{ name: 'heun', method: 'Heun', noise: 'none', source: 'k-diffusion sample_heun' },
              ...{
                default_schedule: 'normal',
                schedules: ['normal', 'karras'],
                options: ['s_churn', 's_tmin', 's_tmax', 's_noise'],
              },
            },
          ],
          schedules: [{ name: 'exponential', description: 'even in the logarithm of sigma' }],
          minimum: { num_inference_steps: 1, guidance_scale: 0 },
        },
      ),
      304: notChanged,
      ...errorResponses(500),
    },
  },
  {
    method: 'get',
    path: '/v1/loras',
    tag: 'Lists',
    summary: 'Names for `loras`, and files that cannot be used',
    keys: ['apiKey'],
    responses: {
      200: jsonResponse('What the workers find in MODELS_DIR/loras now', 'Adapters', {
        data: [{ name: 'style', kind: 'lora', trigger_words: ['in that style'] }],
        unusable: [{ name: 'half', reason: 'half.safetensors: truncated' }],
      }),
      ...errorResponses(401, 429, 500, 503),
    },
  },
  {
    method: 'get',
    path: '/v1/embeddings',
    tag: 'Lists',
    summary: 'Textual inversions, which prompts call by their names, and files that cannot be used',
    keys: ['apiKey'],
    responses: {
      200: jsonResponse('What the workers find in MODELS_DIR/embeddings now', 'Adapters', {
        data: [
          {
            ...{ name: 'easynegative', kind: 'textual inversion', trigger_words: [] },
            ...{ tokens: 8, width: 2048 },
          },
        ],
        unusable: [
          {
            name: 'old',
            reason: 'old.pt: may hold a Python pickle, which can run code; convert it to safetensors',
          },
        ],
      }),
      ...errorResponses(401, 429, 500, 503),
    },
  },
];

const health: Operation[] = [
  ...['/healthz', '/v1/health'].map((path) => ({
    method: 'get' as const,
    path,
    tag: 'Health',
    summary: 'This process runs',
    keys: [],
    responses: { 200: jsonResponse('It does', 'Health', { status: 'ok' }), ...errorResponses(500) },
  })),
  {
    method: 'get',
    path: '/readyz',
    tag: 'Health',
    summary: 'A request sent now would be worked on',
    keys: [],
    responses: {
      200: jsonResponse('It would', 'Ready', {
        ...{ status: 'ready', workers: 1 },
        devices: [
          {
            device: 'cuda:0',
            reason: 'DEVICE=auto: NVIDIA H200, 140.2 GB free of the 7.3 GB needed at least',
          },
        ],
      }),
      503: jsonResponse('It would not', 'NotReady', {
        status: 'not ready',
        error: 'No worker is alive',
        workers: 0,
      }),
    },
  },
];

const documentation: Operation[] = [
  {
    method: 'get',
    path: '/openapi.json',
    tag: 'Documentation',
    summary: 'This document',
    keys: [],
    responses: {
      200: {
        description: 'OpenAPI 3.1',
        content: { 'application/json': { schema: { type: 'object', required: ['openapi', 'paths'] } } },
      },
      304: notChanged,
      ...errorResponses(500),
    },
  },
  {
    method: 'get',
    path: '/docs',
    tag: 'Documentation',
    summary: 'This document as a page',
    keys: [],
    responses: {
      200: { description: 'The page', content: { 'text/html': { schema: { type: 'string' } } } },
      ...errorResponses(500),
    },
  },
  {
    method: 'get',
    path: '/docs/',
    tag: 'Documentation',
    summary: 'The same with a slash',
    keys: [],
    responses: { 308: { description: 'To /docs' }, ...errorResponses(500) },
  },
  {
    method: 'get',
    path: '/docs/{version}/{file}',
    tag: 'Documentation',
    summary: 'Files of the page',
    keys: [],
    parameters: ['version', 'file'].map((name) => ({
      ...{ name, in: 'path', required: true },
      schema: { type: 'string' },
    })),
    responses: {
      200: {
        description: 'The file',
        content: Object.fromEntries(
          ['text/css', 'text/javascript', 'image/png'].map((type) => [type, { schema: { type: 'string' } }]),
        ),
      },
      ...errorResponses(400, 404, 500),
    },
  },
];

/** What needs no key: lists, health and this document. */
export const serviceOperations: readonly Operation[] = [...documentation, ...lists, ...health];
