import { z } from 'zod';
import { takesCache } from '../../schedulers/caching/cache-kinds.ts';
import { findScheduler, schedulerNames } from '../../schedulers/registry.ts';
import { styleNames } from '../../text/styles.ts';
import { bodies } from '../bodies/bodies.ts';
import { endpoints } from '../endpoints.ts';
import type { ServedKnownWords } from '../known-words.ts';
import { slugNames, slugs } from '../slugs.ts';

/**
 * `GET /v1/capabilities`: what a client may ask of this server now. An extension; the page at `/` is made
 * from it.
 */
export const capabilitiesSchema = z.strictObject({
  version: z.string(),
  authentication: z.boolean().meta({ description: 'Whether requests need an API key' }),
  fields: z
    .record(z.enum(slugNames), z.record(z.string(), z.looseObject({})))
    .meta({ description: 'The fields of each body as JSON Schema' }),
  styles: z.array(z.string()),
  cacheable_schedulers: z
    .record(z.enum(endpoints), z.array(z.string()))
    .meta({ description: 'Schedulers that `cache` makes sense with; samplers tell it among their options' }),
  refiner: z.boolean().meta({ description: 'Whether text to image can run its refiner' }),
  base_models: z.array(z.string()).meta({ description: 'Names for `base_model`' }),
  known_words: z
    .array(
      z.strictObject({
        model: z.string(),
        serves: z.array(z.string()),
        name: z.string(),
        note: z.string(),
        words: z.array(z.string()),
        examples: z.array(z.string()),
      }),
    )
    .meta({ description: 'What checkpoints that were trained on little know' }),
  workers: z.array(z.strictObject({ device: z.string(), busy: z.boolean() })),
  waiting: z.int().min(0).meta({ description: 'Requests that wait for a worker' }),
  image_bytes: z.int().meta({ description: 'Largest input picture' }),
  lab_report: z.boolean().meta({ description: 'Whether GET /lab has a report' }),
});

export type Capabilities = z.output<typeof capabilitiesSchema>;

/** The facts of workers that a client may know. */
export interface WorkerFacts {
  readonly device: string;
  readonly refiner: boolean;
  readonly baseModels: readonly string[];
  readonly busy: boolean;
  readonly knownWords?: readonly ServedKnownWords[];
}

/** Made once: the fields of every body. */
const fields = Object.fromEntries(
  slugNames.map((slug) => [slug, z.toJSONSchema(slugs[slug].body, { io: 'input' }).properties]),
) as Capabilities['fields'];

const cacheableSchedulers = Object.fromEntries(
  endpoints.map((endpoint) => [
    endpoint,
    schedulerNames(endpoint).filter((name) => takesCache(findScheduler(endpoint, name))),
  ]),
) as Capabilities['cacheable_schedulers'];

export function capabilitiesBody(
  workers: readonly WorkerFacts[],
  server: Pick<Capabilities, 'version' | 'authentication' | 'waiting' | 'image_bytes' | 'lab_report'>,
): Capabilities {
  const known = new Map(
    workers.flatMap(({ knownWords = [] }) => knownWords.map((each) => [each.model, each])),
  );
  return {
    ...server,
    fields,
    styles: [...styleNames],
    cacheable_schedulers: cacheableSchedulers,
    refiner: workers.some(({ refiner }) => refiner),
    base_models: [...new Set(workers.flatMap(({ baseModels }) => baseModels))],
    known_words: [...known.values()].map((each) => ({
      ...each,
      ...{ serves: [...each.serves], words: [...each.words], examples: [...each.examples] },
    })),
    workers: workers.map(({ device, busy }) => ({ device, busy })),
  };
}

/** The body of `POST /v1/input-images`, where the picture does not come as a file part. */
export const inputImageBody = z.object({ image: bodies['sdxl-img2img'].shape.image });

/** The body of `POST /v1/tokenize`: the parts of a request that are tokenized. */
export const tokenizeBody = z.object({
  prompt: z.string().max(32_768).default(''),
  negative_prompt: z.string().max(32_768).default(''),
  style: z.string().default('base'),
  base_model: bodies['sdxl-img2img'].shape.base_model
    .unwrap()
    .optional()
    .meta({ description: 'With this checkpoint; absent: text to image with the published one' }),
});

export const tokenizeSchema = z.strictObject({
  chunk_length: z.int().meta({ description: 'Tokens that fit into one chunk' }),
  prompt: z.array(z.int()).meta({ description: 'Tokens in each chunk, inside the style' }),
  negative_prompt: z.array(z.int()),
  warnings: z.array(z.string()).meta({ description: 'As a result would have them' }),
});
