import type { z } from 'zod';
import type { SamplerName } from '../../schedulers/samplers.ts';
import { applyStyle, canonicalStyle } from '../../text/styles.ts';
import { withCacheObject } from '../bodies/cache-fields.ts';
import type { Endpoint } from '../endpoints.ts';
import { ApiError } from '../errors.ts';
import type { RequestOverrides } from '../generation.ts';
import { refinerName } from '../served-names.ts';
import { show } from '../show.ts';
import type { SlugName } from '../slugs.ts';
import { a1111Bodies, mostPictures } from './bodies.ts';
import { parseA1111, refuseField } from './errors.ts';
import { type CompletedBody, ownFieldsOf, withInfotext } from './infotext.ts';
import { readOverrides } from './override-settings.ts';
import { type ChosenSampler, chooseSampler } from './samplers.ts';
import { solverFields } from './solver-fields.ts';

type TextBody = z.output<typeof a1111Bodies.txt2img>;
type PictureBody = z.output<typeof a1111Bodies.img2img>;
export type A1111Body = TextBody | PictureBody;

/** How an input picture comes to the size that was asked for, by A1111's `resize_mode`; see fit-image.ts. */
const fits = ['stretch', 'cover', 'extend'] as const;

/** A body in the fields of one of our own, for one iteration of it. */
export interface TranslatedA1111 {
  readonly endpoint: Endpoint;
  readonly slug: SlugName;
  readonly body: A1111Body;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly overrides: RequestOverrides;
  /** What the input picture comes to; undefined for text to image. */
  readonly size:
    | { readonly width: number; readonly height: number; readonly fit: (typeof fits)[number] }
    | undefined;
  readonly sampler: ChosenSampler;
  /** Fields of ours that stand there by A1111's defaults alone. */
  readonly implied: readonly string[];
  /** Checkpoint by the name the client has for it; undefined leaves it to what is set. */
  readonly checkpoint: string | undefined;
}

/** Scripts that A1111 itself brings, which only show fields that bodies have anyway. */
const ownScripts = ['sampler', 'seed', 'refiner'];

/**
 * @param embedParameters whether pictures say how they were made unless the body says otherwise.
 * @throws WrongFieldsError naming each wrong field; ApiError for what is not there.
 */
export function translateTexts(raw: unknown, embedParameters: boolean): TranslatedA1111 {
  const { raw: completed, recreated } = completedBody(raw);
  const body = parseA1111(a1111Bodies.txt2img, completed);
  if (body.enable_hr)
    throw new ApiError(
      'invalidParameter',
      'enable_hr is not supported: there is no second pass at a larger size',
    );
  const refiner = refinerOf(body);
  const { fields, ...common } = translateCommon(body, embedParameters);
  return {
    ...{ endpoint: 'sdxl-torch', slug: 'sdxl1.0-txt2img', body, size: undefined },
    ...{ ...common, implied: impliedBy(completed) },
    overrides: { ...common.overrides, ...pixelsOf(body) },
    fields: {
      ...withSolver(fields, 'sdxl-torch', body, ownFieldsOf(raw, 'sdxl1.0-txt2img', recreated)),
      ...refiner,
      ...cacheOf(body),
    },
  };
}

/** As translateTexts. */
export function translatePictures(raw: unknown, embedParameters: boolean): TranslatedA1111 {
  const { raw: completed, recreated } = completedBody(raw);
  const body = parseA1111(a1111Bodies.img2img, completed);
  const { init_images: images = [], mask = '', resize_mode: mode } = body;
  if (mask !== '')
    throw new ApiError('invalidParameter', 'mask is not supported: the whole picture is made anew');
  if (images.length === 0) throw new ApiError('notFound', 'Init image not found');
  if (images.length > 1)
    throw new ApiError('invalidParameter', `init_images must be one picture, got ${images.length}`);
  const fit = mode < 3 ? fits[mode as 0 | 1 | 2] : undefined;
  if (fit === undefined)
    throw new ApiError('invalidParameter', 'resize_mode 3 is not supported: latents are not enlarged');
  const { fields, ...common } = translateCommon(body, embedParameters);
  return {
    ...{ endpoint: 'sdxl-img2img', slug: 'sdxl-img2img', body, size: { ...pixelsOf(body), fit } },
    ...{ ...common, implied: impliedBy(completed) },
    fields: {
      ...withSolver(fields, 'sdxl-img2img', body, ownFieldsOf(raw, 'sdxl-img2img', recreated)),
      ...{ image: images[0], strength: body.denoising_strength },
      ...cacheOf(body),
    },
  };
}

/** The body with what its infotext says, and its cache as the object that a name stands for. */
function completedBody(raw: unknown): CompletedBody {
  const { raw: completed, recreated } = withInfotext(raw);
  return { raw: withCacheObject(completed), recreated };
}

/** What of ours a body leaves to A1111's defaults. */
function impliedBy(raw: unknown): string[] {
  const { steps, cfg_scale, sampler_name, sampler_index, scheduler } = raw as Record<string, unknown>;
  const isSampled = [sampler_name, sampler_index, scheduler].some((name) => (name ?? '') !== '');
  return [
    ...((steps ?? undefined) === undefined ? ['num_inference_steps'] : []),
    ...((cfg_scale ?? undefined) === undefined ? ['guidance_scale'] : []),
    ...(isSampled ? [] : ['sampler', 'schedule']),
  ];
}

/** What a request says of a cache counts more than what an infotext does. */
const cacheOf = ({ cache }: A1111Body) => (cache === undefined ? {} : { cache });

/** @param own what an infotext of ours says that has no name there; a published scheduler among it. */
function withSolver(
  fields: { readonly sampler: SamplerName },
  endpoint: Endpoint,
  body: A1111Body,
  own: { readonly scheduler?: unknown },
): object {
  if (typeof own.scheduler !== 'string')
    return { ...fields, ...own, ...solverFields(body, endpoint, { sampler: fields.sampler }) };
  const { scheduler } = own;
  return {
    ...{ ...fields, sampler: undefined, schedule: undefined },
    ...{ ...own, ...solverFields(body, endpoint, { scheduler }) },
  };
}

function translateCommon(body: A1111Body, embedParameters: boolean) {
  refuseScripts(body);
  const pictures = body.batch_size * body.n_iter;
  if (pictures > mostPictures)
    refuseField(
      'n_iter',
      body.n_iter,
      `times batch_size must be at most ${mostPictures} pictures, are ${pictures}`,
    );
  const settings = readOverrides(body.override_settings);
  const sampler = chooseSampler(body.sampler_name || body.sampler_index || 'Euler', body.scheduler);
  const { prompt, negativePrompt } = styled(body);
  const resized = body.seed_resize_from_w > 0 && body.seed_resize_from_h > 0;
  return {
    sampler,
    checkpoint: settings.checkpoint,
    fields: {
      // A prompt of ours has a letter at least; the overrides have it as it is.
      ...{ prompt: prompt || ' ', negative_prompt: negativePrompt },
      ...{ sampler: sampler.sampler, ...(sampler.schedule && { schedule: sampler.schedule }) },
      ...{ num_inference_steps: body.steps, guidance_scale: body.cfg_scale, seed: body.seed },
      ...{ subseed: body.subseed, subseed_strength: body.subseed_strength },
      ...(resized && {
        seed_resize_from_w: body.seed_resize_from_w,
        seed_resize_from_h: body.seed_resize_from_h,
      }),
      output_format: settings.outputFormat ?? 'png',
      embed_parameters: settings.embedParameters ?? embedParameters,
      ...(settings.rng && { rng: settings.rng }),
      ...(settings.clipSkip !== undefined && { clip_skip: settings.clipSkip }),
    },
    overrides: {
      ...{ prompt, samples: body.batch_size },
      ...(settings.outputQuality !== undefined && { outputQuality: settings.outputQuality }),
    } satisfies RequestOverrides as RequestOverrides,
  };
}

function pixelsOf({ width, height }: A1111Body): { width: number; height: number } {
  return { width: width - (width % 8), height: height - (height % 8) };
}

/** Every style in turn, as A1111 applies them; names that are not there are none. */
function styled({ prompt, negative_prompt, styles }: A1111Body): { prompt: string; negativePrompt: string } {
  return styles
    .map(canonicalStyle)
    .filter((name) => name !== undefined)
    .reduce((made, name) => applyStyle(name, made.prompt, made.negativePrompt), {
      prompt,
      negativePrompt: negative_prompt,
    });
}

function refinerOf({ refiner_checkpoint: name = '', refiner_switch_at }: TextBody): object {
  if (/^(?:none)?$/i.test(name)) return { refiner: false };
  if (checkpointName(name) !== refinerName)
    throw new ApiError(
      'invalidParameter',
      `Could not find checkpoint with name ${show(name)}; refiner_checkpoint may be ${refinerName} or None`,
    );
  return { refiner: true, high_noise_fraction: refiner_switch_at ?? 0.8 };
}

function refuseScripts({ script_name: script = '', alwayson_scripts }: A1111Body): void {
  if (script !== '' && script !== 'None')
    refuseField('script_name', script, 'must be empty: there are no scripts here');
  const other = Object.keys(alwayson_scripts).find((name) => !ownScripts.includes(name.toLowerCase()));
  if (other !== undefined)
    refuseField(
      'alwayson_scripts',
      other,
      `must be none but ${ownScripts.join(', ')}: there are no extensions here`,
    );
}

/** A checkpoint's own name out of `name [hash]` and `name.safetensors`. */
export function checkpointName(title: string): string {
  return title
    .trim()
    .replace(/ \[[0-9a-f]+\]$/, '')
    .replace(/\.(?:safetensors|ckpt)$/i, '');
}
