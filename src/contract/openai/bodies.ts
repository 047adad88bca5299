import { z } from 'zod';
import { styleNames } from '../../text/styles.ts';
import { bodies, freeSizeBody } from '../bodies/bodies.ts';
import { baseModels } from '../bodies/body-fields.ts';
import type { Endpoint } from '../endpoints.ts';
import { generationModels, openAiFamilies } from './models.ts';

/**
 * Bodies of OpenAI's Images API. Facts of that API: its public reference and the types of the npm package
 * `openai` 6.49.0 (resources/images.d.ts). Fields of our own bodies that it does not know (seed,
 * negative_prompt, scheduler ...) may be sent along.
 */

const mostPictures = 10;

const size = z.string().max(20).default('auto');
const model = z.string().min(1).max(64);
const sideRule = '256x256, or each side 512 to 2048 in steps of 8';

/** What all three operations know. */
const common = {
  n: z
    .int()
    .min(1)
    .max(mostPictures)
    .default(1)
    .meta({ description: 'How many pictures; picture i uses seed + i' }),
  response_format: z.enum(['url', 'b64_json']).optional().meta({
    description:
      'Unless given: b64_json for gpt-image models, url for dall-e models, both for the names of this server',
  }),
  user: z.string().max(512).optional().meta({ description: 'Accepted; without effect' }),
};

/** What generations and edits know beyond that. */
const prompted = {
  ...common,
  prompt: bodies['sdxl-torch'].shape.prompt,
  quality: z
    .enum(['auto', 'standard', 'low', 'medium', 'high', 'hd'])
    .default('auto')
    .meta({ description: 'low: 20 steps; high, hd: 50 steps; else the default of the model' }),
  output_format: bodies['sdxl-torch'].shape.output_format.unwrap().default('png'),
  output_compression: z
    .int()
    .min(0)
    .max(100)
    .optional()
    .meta({ description: 'Quality of JPEG and WebP, 95 unless given; of PNG only 100' }),
  background: z.enum(['auto', 'opaque']).default('auto').meta({ description: 'Pictures are opaque' }),
  moderation: z.enum(['auto', 'low']).default('auto').meta({ description: 'Accepted; without effect' }),
  stream: z
    .boolean()
    .default(false)
    .meta({ description: 'Answer with server-sent events: partial pictures, then the finished ones' }),
  partial_images: z
    .int()
    .min(0)
    .max(3)
    .default(0)
    .meta({ description: 'With stream: how many small pictures on the way at most' }),
};

/** What of our own bodies OpenAI's API says by fields of its own, or has no answer for. */
const saidOtherwise = { prompt: true, samples: true, base64: true, output_format: true } as const;

/**
 * What passes through to the endpoint's own validation, by its own names: every other field of its body,
 * those to come too.
 */
export const passedOn = {
  'sdxl-torch': freeSizeBody.omit({
    ...saidOtherwise,
    ...{ model: true, style: true, img_width: true, img_height: true },
    // Without effect on text to image, and a common word.
    strength: true,
  }),
  'sdxl-img2img': bodies['sdxl-img2img'].omit({ ...saidOtherwise, image: true, base_model: true }),
} satisfies Record<Endpoint, z.ZodObject>;

const editSize = size.meta({
  description: `WIDTHxHEIGHT (${sideRule}): the picture is scaled to cover it and cropped around its centre; auto keeps its size`,
});
const editModel = model.default('sdxl-img2img').meta({
  description: `sdxl-img2img, one of its base models by name, or ${openAiFamilies}`,
  examples: ['sdxl-img2img', ...baseModels],
});

/** What OpenAI's own API knows, by operation. */
export const ownFields = {
  generations: z.object({
    ...prompted,
    model: model.default('sdxl-torch').meta({
      description: `One of: ${generationModels.join(', ')}; a served model by name; or ${openAiFamilies}`,
    }),
    size: size.meta({
      description: `WIDTHxHEIGHT (${sideRule}); auto is 1024x1024`,
      examples: ['1024x1024'],
    }),
    style: z
      .enum(['vivid', 'natural', ...styleNames])
      .default('natural')
      .meta({
        description: 'Name of a style template, see GET /v1/styles; vivid and natural are without effect',
      }),
  }),
  edits: z.object({
    ...prompted,
    model: editModel,
    size: editSize,
    input_fidelity: z
      .enum(['low', 'high'])
      .default('low')
      .meta({ description: 'high: strength 0.4 unless strength is given' }),
  }),
  variations: z.object({ ...common, model: editModel, size: editSize }),
};

const image = bodies['sdxl-img2img'].shape.image;

/** Bodies as documented: what OpenAI's API names, and what passes through. */
export const openAiBodies = {
  generations: ownFields.generations.extend(passedOn['sdxl-torch'].shape),
  edits: ownFields.edits.extend(passedOn['sdxl-img2img'].shape).extend({
    image: image.optional(),
    images: z
      .array(z.object({ image_url: z.string().optional() }))
      .optional()
      .meta({ description: 'In JSON, in place of image: a list of one picture by its address or data URI' }),
  }),
  variations: ownFields.variations.extend(passedOn['sdxl-img2img'].shape).extend({ image }),
};
