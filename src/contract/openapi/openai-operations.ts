import { openAiErrorResponses } from './error-responses.ts';
import { examples } from './examples.ts';
import { type JsonObject, jsonResponse, type Operation, reference } from './operation.ts';

const openAiErrors = openAiErrorResponses(
  400,
  401,
  403,
  404,
  406,
  409,
  410,
  413,
  422,
  429,
  500,
  502,
  503,
  504,
);
const openAiBody = (schema: string, example: JsonObject) => ({
  'application/json': { schema: reference(schema), example },
  'multipart/form-data': { schema: reference(schema) },
});

/** OpenAI's Images API. */
export const openAiOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/v1/images/generations',
    tag: 'OpenAI Images',
    summary: 'Text to image',
    keys: ['bearer', 'apiKey'],
    body: openAiBody('OpenAiGeneration', { prompt: 'a red panda', n: 1, size: '1024x1024', seed: 468685 }),
    responses: { 200: jsonResponse('The pictures', 'OpenAiImages', examples.openAiImages), ...openAiErrors },
  },
  {
    method: 'post',
    path: '/v1/images/edits',
    tag: 'OpenAI Images',
    summary: 'Image to image; a mask is refused',
    keys: ['bearer', 'apiKey'],
    body: openAiBody('OpenAiEdit', {
      prompt: 'the same panda in snow',
      image: 'https://pictures.example/panda.jpg',
      model: 'juggernaut',
    }),
    responses: { 200: jsonResponse('The pictures', 'OpenAiImages', examples.openAiImages), ...openAiErrors },
  },
  {
    method: 'get',
    path: '/v1/models',
    tag: 'OpenAI Images',
    summary: 'What the live workers serve',
    keys: ['bearer', 'apiKey'],
    responses: {
      200: jsonResponse('Names for `model`', 'OpenAiModels', {
        object: 'list',
        data: [{ id: 'sdxl-torch', object: 'model', created: 1690329600, owned_by: 'sdxl-server' }],
      }),
      ...openAiErrorResponses(401, 429, 500, 503),
    },
  },
];
