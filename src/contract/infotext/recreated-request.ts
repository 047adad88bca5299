import { mostClipSkip } from '../../checkpoints/configs/clip-skip.ts';
import { schedulerNames } from '../../schedulers/registry.ts';
import { composedName, type SamplerName, samplerNames, schedulesOf } from '../../schedulers/samplers.ts';
import type { ScheduleName } from '../../schedulers/schedules/named-schedules.ts';
import { clipSkipOfLayers } from '../a1111/override-settings.ts';
import { chooseSampler, takesSchedule } from '../a1111/samplers.ts';
import type { Endpoint } from '../endpoints.ts';
import { ApiError } from '../errors.ts';
import { baseName, isServedName, refinerName } from '../served-names.ts';
import { show } from '../show.ts';
import type { SlugName } from '../slugs.ts';
import { parseInfotext } from './infotext.ts';

/** A request that makes the picture of an infotext again. */
export interface RecreatedRequest {
  /** Where to send it; image to image needs its `image` added. */
  readonly slug: SlugName;
  readonly fields: Readonly<Record<string, unknown>>;
  /** What of the text could not be taken over, each beginning with its key. */
  readonly warnings: readonly string[];
}

/** Say nothing of the pixels, or nothing that the other fields do not say. */
const silent = new Set([
  ...['Version', 'Model hash', 'VAE hash', 'Hashes', 'Lora hashes', 'TI hashes', 'TI', 'User', 'Template'],
  ...['Negative Template', 'Wildcard prompt', 'Wildcard negative prompt', 'Init image hash', 'Created Date'],
  ...['Civitai resources', 'Civitai metadata', 'Batch size', 'Batch pos', 'Size', 'Schedule type', 'Sampler'],
  ...['Scheduler', 'Seed', 'Steps', 'CFG scale', 'Model', 'RNG', 'Denoising strength', 'Refiner'],
  ...['Refiner switch at', 'Variation seed', 'Variation seed strength', 'Seed resize from'],
]);

const numeral = /^-?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** Fields that only a picture of ours is sure to mean as we do. */
const ownKeys = {
  guidance_rescale: 'CFG rescale phi',
  guidance_start: 'Guidance start',
  guidance_end: 'Guidance end',
  eta: 'Eta',
  s_churn: 'Sigma churn',
  s_tmin: 'Sigma tmin',
  s_tmax: 'Sigma tmax',
  s_noise: 'Sigma noise',
} as const;

/** Lists and objects as JSON, which the fields take as it is. */
const jsonKeys = {
  cache: 'Step cache',
  loras: 'LoRAs',
  original_size: 'Original size',
  target_size: 'Target size',
  crop: 'Crop',
} as const;

/** A1111 writes it of SDXL too, where it has no effect there unless an option says so. */
const clipSkipKey = 'Clip skip';

const isOwnKey = (key: string) =>
  [...Object.values(ownKeys), ...Object.values(jsonKeys), clipSkipKey].some((own) => own === key);

function ownFields(number: (key: string) => number | undefined): Record<string, number | undefined> {
  return Object.fromEntries(Object.entries(ownKeys).map(([field, key]) => [field, number(key)]));
}

function jsonFields(given: ReadonlyMap<string, string>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(jsonKeys).map(([field, key]) => [field, given.get(key)]));
}

/** Reads the infotext of a picture of ours or of A1111's. */
export function recreatedRequest(text: string): RecreatedRequest {
  const { prompt, negativePrompt, fields: given } = parseInfotext(text);
  const warnings: string[] = [];
  const number = (key: string): number | undefined => {
    const value = given.get(key);
    if (value === undefined) return undefined;
    if (numeral.test(value)) return Number(value);
    warnings.push(`${key}: ${show(value)} is no number and is left out`);
    return undefined;
  };
  // A second pass at a larger size has a strength too.
  const isHires = [...given.keys()].some((key) => key.startsWith('Hires '));
  const endpoint: Endpoint = given.has('Denoising strength') && !isHires ? 'sdxl-img2img' : 'sdxl-torch';
  const [width, height] = pixels(given.get('Size')) ?? [];
  const [fromWidth, fromHeight] = pixels(given.get('Seed resize from')) ?? [];
  const fields = {
    ...{ prompt: prompt.trim() === '' ? ' ' : prompt, negative_prompt: negativePrompt },
    ...schedulerFields(endpoint, given, warnings),
    num_inference_steps: number('Steps'),
    guidance_scale: number('CFG scale'),
    ...(given.has('Scheduler') && {
      ...ownFields(number),
      ...jsonFields(given),
      clip_skip: clipSkipOf(number(clipSkipKey)),
    }),
    seed: number('Seed'),
    subseed: number('Variation seed'),
    subseed_strength: number('Variation seed strength'),
    seed_resize_from_w: fromWidth,
    seed_resize_from_h: fromHeight,
    rng: given.get('RNG')?.toUpperCase() === 'CPU' ? 'torch-cpu' : 'philox',
    ...(endpoint === 'sdxl-torch'
      ? { img_width: width, img_height: height, ...refinerFields(given, number, warnings) }
      : { strength: number('Denoising strength') }),
    ...modelField(endpoint, given.get('Model'), warnings),
  };
  for (const [key, value] of given)
    if (!silent.has(key) && !(given.has('Scheduler') && isOwnKey(key)))
      warnings.push(`${key}: ${show(value)} is without effect here`);
  return {
    slug: endpoint === 'sdxl-torch' ? 'sdxl1.0-txt2img' : 'sdxl-img2img',
    fields: Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)),
    warnings,
  };
}

function clipSkipOf(layers: number | undefined): number | undefined {
  return layers === undefined ? undefined : Math.min(clipSkipOfLayers(Math.round(layers)), mostClipSkip);
}

function pixels(text = ''): [width: number, height: number] | undefined {
  const [, width, height] = /^(\d{1,5})x(\d{1,5})$/.exec(text) ?? [];
  return width === undefined ? undefined : [Number(width), Number(height)];
}

/**
 * `Scheduler` is ours and says it to the bit. Before 1.9 A1111 wrote no `Schedule type`: a sampler without
 * one in its name took even timesteps.
 */
function schedulerFields(
  endpoint: Endpoint,
  given: ReadonlyMap<string, string>,
  warnings: string[],
): { scheduler?: string; sampler?: string; schedule?: string } {
  const scheduler = given.get('Scheduler');
  if (scheduler !== undefined && (schedulerNames(endpoint) as readonly string[]).includes(scheduler))
    return { scheduler };
  const [ownSampler, ownSchedule] = partsOf(scheduler) ?? [];
  if (ownSampler !== undefined) return { sampler: ownSampler, schedule: ownSchedule! };
  const name = given.get('Sampler');
  if (name === undefined) return {};
  const type = given.get('Schedule type');
  try {
    const { sampler, schedule } = chooseSampler(name, type ?? 'Uniform');
    return { sampler, ...(schedule && takesSchedule(sampler, schedule) && { schedule }) };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const said = `Sampler: ${show(name)}${type === undefined ? '' : ` with Schedule type ${show(type)}`}`;
    warnings.push(`${said} is not known here, the usual one is taken`);
    return {};
  }
}

/** A sampler and a schedule of ours with a blank between. */
function partsOf(scheduler = ''): readonly [SamplerName, ScheduleName] | undefined {
  const sampler = samplerNames.find((name) => scheduler.startsWith(`${name} `));
  const schedule = sampler && schedulesOf(sampler).find((name) => scheduler === composedName(sampler, name));
  return sampler && schedule && [sampler, schedule];
}

function refinerFields(
  given: ReadonlyMap<string, string>,
  number: (key: string) => number | undefined,
  warnings: string[],
): object {
  const name = given.get('Refiner');
  if (name === undefined) return { refiner: false };
  if (!name.startsWith(refinerName))
    warnings.push(`Refiner: ${show(name)} is not known here, ${refinerName} is taken`);
  return { refiner: true, high_noise_fraction: number('Refiner switch at') };
}

function modelField(endpoint: Endpoint, name: string | undefined, warnings: string[]): object {
  if (name === undefined || name === baseName) return {};
  if (isServedName(name)) return endpoint === 'sdxl-img2img' ? { base_model: name } : { model: name };
  warnings.push(`Model: ${show(name)} can be no name here, the usual one is taken`);
  return {};
}
