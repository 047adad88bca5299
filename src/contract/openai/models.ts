import { composedParts } from '../../schedulers/samplers.ts';
import { baseModels } from '../bodies/body-fields.ts';
import { type Ranges, rangesOf, sideRange } from '../bodies/ranges.ts';
import { ordinaryProfile } from '../model-profile.ts';
import type { ResponseBody } from '../openapi/response-schemas.ts';
import type { ModelFacts } from '../served-models.ts';
import { baseName } from '../served-names.ts';

/** Names that OpenAI's clients send as `model`, and the list of them that they read. */

/**
 * OpenAI's own names: clients send them where their user chose none, and they mean the default model here. By
 * family, because new ones come faster than clients ask first; routers put the maker in front.
 */
const openAiNames = /^(?:openai\/)?(?:gpt-image|chatgpt-image|dall-e)(?:-[\w.-]+)?$/i;
export const openAiFamilies = "a name of OpenAI's (gpt-image-*, chatgpt-image-*, dall-e-*)";

/** Ours for text to image with the published base. */
export const generationModels = ['sdxl-torch', 'sdxl1.0-txt2img'] as const;
/** Ours for image to image with its default base model. */
const editModels: readonly string[] = ['sdxl-img2img', 'sdxl1.0-img2img'];

export function isGenerationModel(model: string): boolean {
  return (generationModels as readonly string[]).includes(model) || openAiNames.test(model);
}

/** Whether it means the default base model; every other name is that of a base model. */
export function isDefaultEditModel(model: string): boolean {
  return editModels.includes(model) || openAiNames.test(model);
}

/** How a picture stands in an answer. */
export type AnswerForm = 'url' | 'b64_json' | 'both';

/**
 * Where the client says nothing. OpenAI's newer models know no response_format and always answer base64, the
 * dall-e ones an address: their clients read nothing else. Who names a model of this server reads either.
 */
export function answerFormOf(model: string): AnswerForm {
  if (!openAiNames.test(model)) return 'both';
  return /dall-e/i.test(model) ? 'url' : 'b64_json';
}

/** Whether that model says `moderation_blocked` of what dall-e calls `content_policy_violation`. */
export function isGptImage(model: string): boolean {
  return answerFormOf(model) === 'b64_json';
}

function modelBody(id: string): ResponseBody<'OpenAiModel'> {
  // 26 July 2023, the release of SDXL 1.0.
  return { id, object: 'model', created: Date.UTC(2023, 6, 26) / 1000, owned_by: 'sdxl-server' };
}

function defaultsOf({ scheduler, steps, guidanceScale, negativePrompt, clipSkip }: Ranges) {
  const parts = composedParts(scheduler);
  return {
    ...{ scheduler, num_inference_steps: steps.usual, guidance_scale: guidanceScale.usual },
    negative_prompt: negativePrompt,
    ...(parts && { sampler: parts[0], schedule: parts[1] }),
    ...(clipSkip !== undefined && { clip_skip: clipSkip }),
  };
}

function spansOf({ steps, guidanceScale }: Ranges) {
  return {
    num_inference_steps: [steps.least, steps.most],
    guidance_scale: [guidanceScale.least, guidanceScale.most],
  } satisfies Record<string, [number, number]>;
}

/** A model under one of its names, with its sizes, ranges and defaults for both endpoints. */
function withFacts(
  id: string,
  { id: model, kind, profile, adapters, loaded }: ModelFacts,
): ResponseBody<'OpenAiModel'> {
  const own = { ...modelBody(id), kind, loaded };
  if (kind === 'refiner') return own;
  const asked = { profile: profile ?? ordinaryProfile };
  const text = rangesOf('sdxl-torch', (generationModels as readonly string[]).includes(id) ? {} : asked);
  const image = rangesOf('sdxl-img2img', (baseModels as readonly string[]).includes(id) ? {} : asked);
  const { least, most, step } = id === 'sdxl-torch' ? { least: 1024, most: 1024, step: 8 } : sideRange;
  return {
    ...own,
    ...(adapters ? {} : { adapters }),
    sizes: { minimum: least, maximum: most, multiple_of: step },
    defaults: {
      ...defaultsOf(text),
      ...{ img_width: text.width, img_height: text.height, refiner: text.refiner },
    },
    ranges: spansOf(text),
    ...(model !== baseName && { image_to_image: { defaults: defaultsOf(image), ranges: spansOf(image) } }),
  };
}

/**
 * The answer of `GET /v1/models`: what generations take as `model`. Clients offer that list for text to
 * image, so refiners are not in it; each can be asked for by its name.
 */
export function modelList(models: readonly ModelFacts[]): ResponseBody<'OpenAiModels'> {
  const bases = models.filter(({ kind }) => kind === 'base');
  const published = bases.filter(({ id }) => id === baseName).map((facts) => withFacts('sdxl-torch', facts));
  return { object: 'list', data: [...published, ...bases.map((facts) => withFacts(facts.id, facts))] };
}

/**
 * The answer of `GET /v1/models/{id}` for every name that generations or edits take, and for refiners;
 * undefined for others.
 */
export function findModel(
  id: string,
  models: readonly ModelFacts[],
): ResponseBody<'OpenAiModel'> | undefined {
  const own = models.find((facts) => facts.id === id);
  if (own !== undefined) return withFacts(id, own);
  const base = models.find((facts) => facts.id === baseName);
  if (isGenerationModel(id) && base !== undefined) return withFacts(id, base);
  const edits = models.some((facts) => facts.kind === 'base' && facts.id !== baseName);
  return edits && isDefaultEditModel(id) ? modelBody(id) : undefined;
}
