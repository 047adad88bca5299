import type { z } from 'zod';
import { parseFields } from '../bodies/fields.ts';
import type { Endpoint } from '../endpoints.ts';
import { ApiError } from '../errors.ts';
import type { RequestOverrides } from '../generation.ts';
import { nearMissWarnings, openAiWords } from '../names/near-misses.ts';
import { show } from '../show.ts';
import type { SlugName } from '../slugs.ts';
import { openAiBodies, ownFields, passedOn } from './bodies.ts';
import { type AnswerForm, answerFormOf, isDefaultEditModel, isGenerationModel } from './models.ts';
import { onlyPictureOf } from './pictures.ts';

/** Bodies of OpenAI's Images API in the words of the two endpoints. */

export interface Size {
  readonly width: number;
  readonly height: number;
}

export type OpenAiOperation = keyof typeof openAiBodies;

/** What the client said of its answer, and what is repeated to it there. */
export interface OpenAiAnswer {
  readonly operation: OpenAiOperation;
  readonly model: string;
  readonly form: AnswerForm;
  readonly quality: 'low' | 'medium' | 'high';
  /** How many pictures on the way at most; undefined where the answer is no stream. */
  readonly partialImages: number | undefined;
}

/** A body in the fields of one of our own. */
export interface TranslatedBody {
  readonly slug: SlugName;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly overrides: RequestOverrides;
  readonly answer: OpenAiAnswer;
  /** What its picture is scaled and cropped to; undefined for auto. */
  readonly size: Size | undefined;
  /** Fields of ours that a word of OpenAI's stands for, and no number of the client's. */
  readonly implied: readonly string[];
  /** What its sender should know of how it was understood. */
  readonly warnings: readonly string[];
}

/** @throws ApiError naming each wrong field. */
export function translateGeneration(raw: unknown): TranslatedBody {
  const body = parseFields(ownFields.generations, raw);
  const size = parseSize(body.size);
  return {
    ...translateCommon('generations', raw as object, body, size),
    slug: 'sdxl1.0-txt2img',
    fields: {
      ...translateFields('sdxl-torch', raw as object, body),
      ...(!isGenerationModel(body.model) && { model: body.model }),
      style: body.style === 'vivid' || body.style === 'natural' ? 'base' : body.style,
      ...(size && { img_width: size.made.width, img_height: size.made.height }),
    },
  };
}

/** Image to image at half the default's strength keeps faces and lettering. */
const faithfulStrength = 0.4;

/** @throws ApiError naming each wrong field. */
export function translateEdit(raw: unknown, hasFile: boolean): TranslatedBody {
  const body = parseFields(ownFields.edits, raw);
  return {
    ...translateCommon('edits', raw as object, body, parseSize(body.size)),
    slug: 'sdxl-img2img',
    fields: {
      ...(body.input_fidelity === 'high' && { strength: faithfulStrength }),
      ...translateFields('sdxl-img2img', raw as object, body),
      ...editedPicture(raw as object, body.model, hasFile),
    },
  };
}

/** Image to image without any words. @throws ApiError naming each wrong field. */
export function translateVariation(raw: unknown, hasFile: boolean): TranslatedBody {
  const body = { ...parseFields(ownFields.variations, raw), prompt: 'a variation' };
  const translated = translateCommon('variations', raw as object, body, parseSize(body.size));
  return {
    ...translated,
    overrides: { ...translated.overrides, prompt: '' },
    slug: 'sdxl-img2img',
    fields: {
      ...translateFields('sdxl-img2img', raw as object, body),
      ...editedPicture(raw as object, body.model, hasFile),
    },
  };
}

function editedPicture(raw: object, model: string, hasFile: boolean) {
  return {
    ...(!isDefaultEditModel(model) && { base_model: model }),
    ...(!hasFile && { image: onlyPictureOf(raw) }),
  };
}

type Prompted = z.output<typeof ownFields.edits>;
type CommonBody = z.output<typeof ownFields.variations> &
  Partial<Omit<Prompted, 'prompt'>> & { readonly prompt: string };

/** Steps by `quality`; the other words leave the endpoint's default. */
const stepsOfQuality: Readonly<Record<string, number>> = { low: 20, high: 50, hd: 50 };
/** The words that answers have. */
const answeredQuality: Readonly<Record<string, OpenAiAnswer['quality']>> = {
  low: 'low',
  high: 'high',
  hd: 'high',
};

function translateFields(endpoint: Endpoint, raw: object, body: CommonBody): Record<string, unknown> {
  const names = Object.keys(passedOn[endpoint].shape);
  // A model of its own name has its own number of steps.
  const isDefault =
    endpoint === 'sdxl-torch' ? isGenerationModel(body.model) : isDefaultEditModel(body.model);
  const steps = isDefault ? stepsOfQuality[body.quality ?? 'auto'] : undefined;
  return {
    ...(steps && { num_inference_steps: steps }),
    ...Object.fromEntries(
      Object.entries(raw).filter(([name, value]) => names.includes(name) && value !== null),
    ),
    prompt: body.prompt,
    output_format: body.output_format ?? 'png',
  };
}

function translateCommon(
  operation: OpenAiOperation,
  raw: object,
  body: CommonBody,
  size: AskedSize | undefined,
): Omit<TranslatedBody, 'slug' | 'fields'> {
  const { output_compression: compression } = body;
  const own: { readonly num_inference_steps?: unknown } = raw;
  if (compression !== undefined && compression < 100 && (body.output_format ?? 'png') === 'png')
    throw new ApiError(
      'invalidParameter',
      `output_compression must be 100 with output_format png, got ${compression}`,
    );
  return {
    overrides: {
      samples: body.n,
      // libvips knows no quality 0.
      ...(compression !== undefined && { outputQuality: Math.max(1, compression) }),
      ...(size?.halved && { halved: true }),
    },
    size: size?.made,
    implied: (own.num_inference_steps ?? undefined) === undefined ? ['num_inference_steps'] : [],
    answer: {
      ...{ operation, model: body.model, form: body.response_format ?? answerFormOf(body.model) },
      quality: answeredQuality[body.quality ?? 'auto'] ?? 'medium',
      partialImages: body.stream ? body.partial_images : undefined,
    },
    warnings: nearMissWarnings(raw, { names: Object.keys(openAiBodies[operation].shape), ...openAiWords }),
  };
}

interface AskedSize {
  /** The size that is computed. */
  readonly made: Size;
  /** Whether the picture is half of that. */
  readonly halved: boolean;
}

/** SDXL makes nothing recognisable at 256x256, the smallest size of that API. */
const smallest = '256x256';

function parseSize(text: string): AskedSize | undefined {
  if (text === 'auto') return undefined;
  if (text === smallest) return { made: { width: 512, height: 512 }, halved: true };
  const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? [];
  const size = { width: Number(width), height: Number(height) };
  const fits = Object.values(size).every((side) => side >= 512 && side <= 2048 && side % 8 === 0);
  if (!fits)
    throw new ApiError(
      'invalidParameter',
      `size must be auto, ${smallest} or WIDTHxHEIGHT with sides from 512 to 2048 in steps of 8, got ${show(text)}`,
    );
  return { made: size, halved: false };
}
