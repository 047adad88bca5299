import type { Body, FieldSchema, FieldValue, Model, Offered, Slug } from '../parts/wire.ts';
import {
  asksSampler,
  chosenLoras,
  type Endpoint,
  endpointOf,
  type Mode,
  modelField,
  type Settings,
  usualSampler,
  withValues,
} from './values.ts';

/** What the fields of the form may be, and the request that it asks for. */

export type Schemas = Readonly<Record<string, FieldSchema>>;

/**
 * The fields the form has in a mode, with the defaults and ranges of the chosen model, LoRAs and sampler;
 * text to image with the sizes that its other name takes.
 */
export function schemasOf(offered: Offered, current: Settings): Schemas {
  const { samplers } = offered;
  const { mode, values } = current;
  const own = fieldsOf(offered, mode);
  const body = values[endpointOf(mode)];
  const model = chosenModel(offered, current);
  const facts = mode === 'image' ? model?.image_to_image : model;
  // SDXL's own, which the field leaves out.
  const ofModel = withFacts(changed(own, [['clip_skip', { default: 0 }]]), facts);
  const schemas = withFacts(ofModel, fewStepFacts(offered, current));
  if (!asksSampler(current)) return schemas;
  const usual = samplers.samplers.find((each) => each.name === body.sampler)?.default_guidance_scale;
  return changed(schemas, [
    ...Object.entries(samplers.minimum).map(([field, minimum]): Change => [field, { minimum }]),
    ...(usual === undefined ? [] : [['guidance_scale', { default: usual }] as const]),
  ]);
}

function fieldsOf({ fields }: Offered, mode: Mode): Schemas {
  return fields[mode === 'image' ? 'sdxl-img2img' : 'sdxl1.0-txt2img'];
}

/** The model that the form names; undefined where it leaves the server its own. */
function chosenModel(offered: Offered, { mode, values }: Settings): Model | undefined {
  const field = modelField(mode);
  const name = values[endpointOf(mode)][field] ?? fieldsOf(offered, mode)[field]?.default;
  return offered.models.find(({ id }) => id === name);
}

/** Whether LoRAs and embeddings can be applied to the form's model. */
export function takesAdapters(offered: Offered, current: Settings): boolean {
  const usual = offered.models.find(({ id }) => id === endpointOf(current.mode));
  return (chosenModel(offered, current) ?? usual)?.adapters !== false;
}

/** What GET /v1/models tells of one, for one endpoint. */
interface Facts {
  readonly defaults?: Readonly<Record<string, FieldValue>> | undefined;
  readonly ranges?: Model['ranges'];
}

/** What the first chosen LoRA of few steps wants, as the server has it; undefined where there is none. */
function fewStepFacts(offered: Offered, current: Settings): Facts | undefined {
  if (!takesAdapters(offered, current)) return undefined;
  const known = new Map(offered.loras.data.map(({ name, few_step: fewStep }) => [name, fewStep]));
  const wanted = chosenLoras(current)
    .filter(({ weight = 1 }) => weight > 0)
    .map(({ name }) => known.get(name))
    .find((fewStep) => fewStep !== undefined);
  if (wanted === undefined) return undefined;
  const { sampler, schedule, scheduler, ...numbers } = wanted.defaults;
  const own = current.mode === 'image' ? `${sampler} ${schedule}` : scheduler;
  return { defaults: { ...numbers, scheduler: own, refiner: false }, ranges: wanted.ranges };
}

function withFacts(schemas: Schemas, { defaults = {}, ranges }: Facts = {}): Schemas {
  return changed(schemas, [
    ...Object.entries(defaults).map(([name, value]): Change => [name, { default: value }]),
    ...Object.entries(ranges ?? {}).map(
      ([name, [minimum, maximum]]): Change => [name, { minimum: minimum!, maximum: maximum! }],
    ),
  ]);
}

type Change = readonly [field: string, FieldSchema];

function changed(schemas: Schemas, changes: readonly Change[]): Schemas {
  const next = { ...schemas };
  for (const [name, change] of changes) if (name in next) next[name] = { ...next[name], ...change };
  return next;
}

/** The schedules that a sampler may be put on; every one where none is named. */
export function schedulesOf({ samplers }: Offered, sampler: FieldValue): readonly string[] {
  const known = samplers.samplers.find(({ name }) => name === sampler);
  return known?.schedules ?? samplers.schedules.map(({ name }) => name);
}

/**
 * Whether a step cache makes sense with the sampler or the scheduler of the form. A comparison has many,
 * which would have to take it all.
 */
export function takesCache(offered: Offered, current: Settings): boolean {
  if (current.mode === 'compare') return false;
  const schemas = schemasOf(offered, current);
  const part = (name: string) => String(shownValue(name, schemas, current));
  const sampler = part('sampler') || (part('schedule') && usualSampler);
  if (sampler === '')
    return offered.cacheable_schedulers[endpointOf(current.mode)]!.includes(part('scheduler'));
  return offered.samplers.samplers.some(({ name, options }) => name === sampler && options.includes('cache'));
}

/** A field's value as the form shows it. */
export function shownValue(name: string, schemas: Schemas, { mode, values }: Settings): FieldValue {
  const value = values[endpointOf(mode)][name] ?? schemas[name]?.default ?? '';
  return typeof value === 'object' ? '' : value;
}

/** The request that the form asks for: the prompt and what differs from the defaults that hold for it. */
export function requestOf(offered: Offered, current: Settings): { slug: Slug; body: Body } {
  const schemas = schemasOf(offered, current);
  const without = [
    ...(asksSampler(current) ? ['scheduler'] : ['sampler', 'schedule']),
    ...(takesCache(offered, current) ? [] : ['cache']),
    ...(takesAdapters(offered, current) ? [] : ['loras']),
  ];
  const given = Object.entries(current.values[endpointOf(current.mode)]).filter(
    ([name, value]) =>
      name in schemas &&
      !without.includes(name) &&
      value !== (schemas[name]!.default ?? '') &&
      !(typeof value === 'object' && value.length === 0) &&
      (name !== 'seed' || current.seedLocked),
  );
  const body = Object.fromEntries(given);
  if (current.mode === 'image') return { slug: 'sdxl-img2img', body };
  const sized = 'img_width' in body || 'img_height' in body;
  return { slug: sized ? 'sdxl1.0-txt2img' : 'sdxl-torch', body };
}

/** Fields that a model, a LoRA or a sampler moves; what a user wrote in the others stays. */
const moved = [
  ...['scheduler', 'num_inference_steps', 'guidance_scale', 'clip_skip'],
  ...['img_width', 'img_height', 'refiner'],
];

/**
 * The settings with another model, LoRA, sampler or schedule: fields with another default then are as that,
 * and so are values that are out of range then.
 */
export function withChoice(offered: Offered, current: Settings, changes: Body): Settings {
  const next = withValues(current, changes);
  const fitting = (endpoint: Endpoint): Body => {
    const otherMode = endpoint === 'sdxl-img2img' ? 'image' : 'text';
    const mode = endpoint === endpointOf(current.mode) ? current.mode : otherMode;
    const [before, after] = [current, next].map((each) => schemasOf(offered, { ...each, mode })) as [
      Schemas,
      Schemas,
    ];
    const kept = Object.entries(next.values[endpoint]).filter(([field, value]) => {
      if (!moved.includes(field) || field in changes) return true;
      const { default: usual, minimum = -Infinity, maximum = Infinity } = after[field] ?? {};
      const isOutside = typeof value === 'number' && (value < minimum || value > maximum);
      return usual === before[field]?.default && !isOutside;
    });
    return Object.fromEntries(kept);
  };
  return {
    ...next,
    values: { 'sdxl-torch': fitting('sdxl-torch'), 'sdxl-img2img': fitting('sdxl-img2img') },
  };
}
