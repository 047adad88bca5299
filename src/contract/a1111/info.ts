import { promptsOf } from '../infotext/request-infotext.ts';
import { labelsOf } from '../infotext/sampler-labels.ts';
import type { RequestRecord } from '../request-record.ts';
import { baseName } from '../served-names.ts';
import { layersOfClipSkip } from './override-settings.ts';
import type { TranslatedA1111 } from './translate.ts';

/** Pictures of one iteration, with what each says of itself. */
export interface Iteration {
  readonly record: RequestRecord;
  readonly infotexts: readonly string[];
}

/**
 * `info` of an answer, as A1111's Processed.js writes it (modules/processing.py, commit 0027ce1).
 * @param iterations those that were finished, in their order; at least one has been begun.
 * @param version of this software.
 */
export function infoOf(
  { body, sampler }: Pick<TranslatedA1111, 'body' | 'sampler'>,
  iterations: readonly Iteration[],
  size: { readonly width: number; readonly height: number },
  version: string,
): string {
  const requests = iterations.map(({ record }) => record.request);
  const first = requests[0];
  const prompts = first ? promptsOf(first) : { prompt: body.prompt, negativePrompt: body.negative_prompt };
  const seeds = iterations.flatMap(({ record }) => record.result!.images.map(({ seed }) => seed));
  const subseeds = requests.flatMap(({ variation, samples }) =>
    Array.from({ length: samples }, (_, index) =>
      variation ? variation.seed + index : (body.subseed ?? -1),
    ),
  );
  const strength = first?.endpoint === 'sdxl-img2img' ? first.strength : null;
  return JSON.stringify({
    prompt: prompts.prompt,
    all_prompts: seeds.map(() => prompts.prompt),
    negative_prompt: prompts.negativePrompt,
    all_negative_prompts: seeds.map(() => prompts.negativePrompt),
    seed: seeds[0] ?? body.seed,
    all_seeds: seeds,
    subseed: subseeds[0] ?? -1,
    all_subseeds: subseeds,
    subseed_strength: first?.variation?.strength ?? 0,
    ...size,
    sampler_name: first ? labelsOf(first.endpoint, first.scheduler).sampler : sampler.label,
    cfg_scale: first?.guidanceScale ?? body.cfg_scale,
    steps: first?.steps ?? body.steps,
    batch_size: body.batch_size,
    restore_faces: false,
    face_restoration_model: null,
    sd_model_name: first?.endpoint === 'sdxl-img2img' ? first.baseModel : (first?.model ?? baseName),
    sd_model_hash: null,
    sd_vae_name: null,
    sd_vae_hash: null,
    seed_resize_from_w: body.seed_resize_from_w,
    seed_resize_from_h: body.seed_resize_from_h,
    denoising_strength: strength,
    extra_generation_params: {},
    index_of_first_image: 0,
    infotexts: iterations.flatMap(({ infotexts }) => infotexts),
    styles: body.styles,
    job_timestamp: timestamp(iterations[0]?.record.submittedAt ?? Date.now()),
    clip_skip: first?.clipSkip === undefined ? 1 : layersOfClipSkip(first.clipSkip),
    is_using_inpainting_conditioning: false,
    version,
  });
}

/** As A1111 writes the begin of a job: 20261126171500. */
export function timestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\D/g, '').slice(0, 14);
}
