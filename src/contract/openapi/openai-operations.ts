import { slugNames } from '../slugs.ts';
import { openAiErrorResponses } from './error-responses.ts';
import { examples } from './examples.ts';
import {
  type JsonObject,
  jsonResponse,
  type Operation,
  type ResponseObject,
  reference,
} from './operation.ts';

const openAiErrors = openAiErrorResponses(
  400,
  401,
  403,
  404,
  409,
  410,
  413,
  415,
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

const defaults = {
  ...{ scheduler: 'UniPC', num_inference_steps: 25, guidance_scale: 7.5, negative_prompt: '' },
};
const ranges = { num_inference_steps: [20, 100], guidance_scale: [1, 25] };
const model = {
  ...{ id: 'juggernaut', object: 'model', created: 1690329600, owned_by: 'sdxl-server' },
  ...{ kind: 'base', loaded: true, sizes: { minimum: 512, maximum: 2048, multiple_of: 8 } },
  defaults: { ...defaults, img_width: 1024, img_height: 1024, refiner: false },
  ranges,
  image_to_image: { defaults: { ...defaults, num_inference_steps: 30, guidance_scale: 6.5 }, ranges },
};

const images = jsonResponse('The pictures', 'OpenAiImages', examples.openAiImages);
const imagesOrEvents: ResponseObject = {
  ...images,
  description:
    'The pictures; with stream: true events, whose data are OpenAiPartialImage, OpenAiCompletedImage or OpenAiError',
  content: { ...images.content, 'text/event-stream': { schema: { type: 'string' } } },
};

/** OpenAI's Images API. */
export const openAiOperations: readonly Operation[] = [
  {
    method: 'post',
    path: '/v1/images/generations',
    tag: 'OpenAI Images',
    summary: 'Text to image',
    keys: ['bearer', 'apiKey'],
    body: openAiBody('OpenAiGeneration', { prompt: 'a red panda', n: 1, size: '1024x1024', seed: 468685 }),
    responses: { 200: imagesOrEvents, ...openAiErrors },
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
    responses: { 200: imagesOrEvents, ...openAiErrors },
  },
  {
    method: 'post',
    path: '/v1/images/variations',
    tag: 'OpenAI Images',
    summary: 'Image to image without a prompt',
    keys: ['bearer', 'apiKey'],
    body: openAiBody('OpenAiVariation', { image: 'https://pictures.example/panda.jpg', n: 2 }),
    responses: { 200: images, ...openAiErrors },
  },
  {
    method: 'get',
    path: '/v1/models',
    tag: 'OpenAI Images',
    summary: 'What generations, and the text-to-image bodies, take as `model` now',
    description: 'Each with its sizes, defaults and ranges.',
    keys: ['bearer', 'apiKey'],
    responses: {
      200: jsonResponse('Names for `model`', 'OpenAiModels', { object: 'list', data: [model] }),
      ...openAiErrorResponses(401, 429, 500, 503),
    },
  },
  ...['{id}', ...slugNames].map(readModel),
];

/** A templated path does not describe an address that has a path of its own. */
function readModel(id: string): Operation {
  return {
    method: 'get',
    path: `/v1/models/${id}`,
    tag: 'OpenAI Images',
    summary: 'Whether generations or edits take this `model` now',
    keys: ['bearer', 'apiKey'],
    ...(id === '{id}' && {
      parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
    }),
    responses: {
      200: jsonResponse('The model', 'OpenAiModel', model),
      ...openAiErrorResponses(401, 404, 429, 500, 503),
    },
  };
}
