import { z } from 'zod';
import { inputImageBody, tokenizeBody } from '../answers/capabilities.ts';
import { signInBody } from '../answers/sign-in.ts';
import { pictureParametersBody } from '../infotext/picture-parameters.ts';
import { errorResponses } from './error-responses.ts';
import { type Content, type JsonObject, jsonResponse, type Operation } from './operation.ts';

/** What the page at `/` stands on beside generations; extensions of the published API. */

const tag = 'Page';
const bodyContent = (schema: z.ZodType, example: JsonObject): Content => {
  const { $schema: _, ...generated } = z.toJSONSchema(schema, { io: 'input' });
  const content = { schema: generated as JsonObject, example };
  return { 'application/json': content, 'multipart/form-data': content };
};
const page = (description: string) => ({
  description,
  content: { 'text/html': { schema: { type: 'string' } } },
});
const submitted = errorResponses(400, 401, 406, 413, 429, 500, 503);

export const pageOperations: readonly Operation[] = [
  {
    method: 'get',
    path: '/',
    tag,
    summary: 'A page that makes pictures',
    keys: [],
    responses: {
      200: page('The page'),
      304: { description: 'Not changed' },
      308: { description: "PUBLIC_URL's path without a slash: to the same with one" },
      ...errorResponses(500),
    },
  },
  {
    method: 'get',
    path: '/admin',
    tag,
    summary: 'A page for administrators; what it shows it asks for with an admin key',
    keys: [],
    responses: { 200: page('The page'), 304: { description: 'Not changed' }, ...errorResponses(500) },
  },
  ...[['file'], ['room', 'file']].map((names) => ({
    method: 'get' as const,
    path: `/page/{version}/${names.map((name) => `{${name}}`).join('/')}`,
    tag,
    summary: 'Files of the page',
    keys: [],
    parameters: ['version', ...names].map((name) => ({
      ...{ name, in: 'path', required: true },
      schema: { type: 'string' },
    })),
    responses: {
      200: {
        description: 'The file',
        content: Object.fromEntries(
          ['text/css', 'text/javascript', 'image/svg+xml', 'image/webp'].map((type) => [
            type,
            { schema: { type: 'string' } },
          ]),
        ),
      },
      304: { description: 'Not changed' },
      ...errorResponses(400, 404, 500),
    },
  })),
  {
    method: 'get',
    path: '/lab',
    tag,
    summary: "The scheduler lab's report",
    keys: [],
    responses: { 200: page('The report'), ...errorResponses(404, 500) },
  },
  {
    method: 'post',
    path: '/v1/sign-in',
    tag,
    summary: 'Exchanges the token of a one-time link for its API key',
    keys: [],
    body: bodyContent(signInBody, { token: 'xfJ0vYTxQ0a8cJYkq2n1Zw' }),
    responses: { 200: jsonResponse('The key', 'SignIn', { key: 'SG_0123456789abcdef' }), ...submitted },
  },
  {
    method: 'get',
    path: '/v1/capabilities',
    tag,
    summary: 'What this server can be asked for now',
    keys: ['apiKey'],
    responses: {
      200: jsonResponse('Fields, models and workers', 'Capabilities', {
        version: '0.1.0',
        authentication: true,
        fields: { 'sdxl-torch': {}, 'sdxl-img2img': {}, 'sdxl1.0-txt2img': {}, 'sdxl1.0-img2img': {} },
        styles: ['base', 'anime'],
        cacheable_schedulers: { 'sdxl-torch': ['UniPC'], 'sdxl-img2img': ['Euler a'] },
        refiner: true,
        base_models: ['juggernaut'],
        known_words: [],
        workers: [{ device: 'cpu', busy: false }],
        waiting: 0,
        image_bytes: 33_554_432,
        lab_report: true,
      }),
      ...errorResponses(401, 429, 500, 503),
    },
  },
  {
    method: 'post',
    path: '/v1/tokenize',
    tag,
    summary: 'How many tokens a prompt has, and what its checkpoint has never seen',
    keys: ['apiKey'],
    body: bodyContent(tokenizeBody, { prompt: 'a red panda', negative_prompt: '', style: 'anime' }),
    responses: {
      200: jsonResponse('Tokens by chunk', 'Tokenized', {
        ...{ chunk_length: 75, prompt: [3], negative_prompt: [0], warnings: [] },
      }),
      ...submitted,
    },
  },
  {
    method: 'post',
    path: '/v1/input-images',
    tag,
    summary: 'An input picture as image to image would see it',
    keys: ['apiKey'],
    body: bodyContent(inputImageBody, { image: 'https://pictures.example/panda.jpg' }),
    responses: {
      200: {
        description: 'Turned, on white, at its final size',
        content: { 'image/png': { schema: { type: 'string', contentMediaType: 'image/png' } } },
      },
      ...submitted,
    },
  },
  {
    method: 'post',
    path: '/v1/picture-parameters',
    tag,
    summary: 'The request that makes a picture again, by what the picture says',
    keys: ['apiKey'],
    body: bodyContent(pictureParametersBody, {
      parameters: 'a red panda\nSteps: 25, Sampler: Euler a, CFG scale: 7.5, Seed: 42, Size: 1024x1024',
    }),
    responses: {
      200: jsonResponse('The request', 'PictureParameters', {
        parameters: 'a red panda\nSteps: 25, Sampler: Euler a, CFG scale: 7.5, Seed: 42, Size: 1024x1024',
        slug: 'sdxl1.0-txt2img',
        request: { prompt: 'a red panda', sampler: 'euler_ancestral', num_inference_steps: 25, seed: 42 },
        warnings: [],
      }),
      ...submitted,
    },
  },
];
