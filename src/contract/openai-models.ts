import type { Endpoint } from './endpoints.ts';
import type { ResponseBody } from './openapi/response-schemas.ts';

/** Names that OpenAI's clients send as `model`, and the list of them that they read. */

/**
 * OpenAI's own names: clients send them where their user chose none, and they mean the default model here. By
 * family, because new ones come faster than clients ask first; routers put the maker in front.
 */
const openAiNames = /^(?:openai\/)?(?:gpt-image|chatgpt-image|dall-e)(?:-[\w.-]+)?$/i;
export const openAiFamilies = "a name of OpenAI's (gpt-image-*, chatgpt-image-*, dall-e-*)";

/** Ours for text to image. */
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

/** What the live workers serve. */
export interface Served {
  readonly endpoints: ReadonlySet<Endpoint>;
  readonly baseModels: ReadonlySet<string>;
}

function modelBody(id: string): ResponseBody<'OpenAiModel'> {
  // 26 July 2023, the release of SDXL 1.0.
  return { id, object: 'model', created: Date.UTC(2023, 6, 26) / 1000, owned_by: 'sdxl-server' };
}

/**
 * The answer of `GET /v1/models`: what generations take as `model`. Clients offer that list for text to
 * image, so the base models of edits are not in it; each can be asked for by its name.
 */
export function modelList({ endpoints }: Served): ResponseBody<'OpenAiModels'> {
  return { object: 'list', data: endpoints.has('sdxl-torch') ? [modelBody('sdxl-torch')] : [] };
}

/**
 * The answer of `GET /v1/models/{id}` for every name that generations or edits take; undefined for others.
 */
export function findModel(
  id: string,
  { endpoints, baseModels }: Served,
): ResponseBody<'OpenAiModel'> | undefined {
  const generates = endpoints.has('sdxl-torch') && isGenerationModel(id);
  const edits = endpoints.has('sdxl-img2img') && (isDefaultEditModel(id) || baseModels.has(id));
  return generates || edits ? modelBody(id) : undefined;
}
