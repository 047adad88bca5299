import { createStore } from '../parts/store.ts';
import type { Body, Capabilities, FieldSchema, FieldValue, Slug } from '../parts/wire.ts';

/** What the form says. Values stand under the API's own field names; what is absent is the API's default. */

export type Mode = 'text' | 'image' | 'compare';
export type Endpoint = 'sdxl-torch' | 'sdxl-img2img';

export interface Settings {
  readonly mode: Mode;
  /** Whether the next request uses the seed in the form; otherwise the server draws one. */
  readonly seedLocked: boolean;
  readonly values: Readonly<Record<Endpoint, Body>>;
  /** Rows and columns of a comparison. */
  readonly compared: { readonly schedulers: readonly string[]; readonly steps: readonly number[] };
}

const place = 'sdxl-server.settings';
/** Fields that mean the same for both endpoints, and are kept when the mode changes. */
const shared = new Set(['prompt', 'negative_prompt', 'samples', 'seed', 'output_format', 'rng']);
const initial: Settings = {
  mode: 'text',
  seedLocked: false,
  values: { 'sdxl-torch': {}, 'sdxl-img2img': {} },
  compared: { schedulers: ['Euler', 'DPM Multi', 'UniPC'], steps: [20, 30] },
};

function stored(): Settings {
  try {
    return { ...initial, ...(JSON.parse(localStorage.getItem(place) ?? '{}') as Partial<Settings>) };
  } catch {
    return initial;
  }
}

export const settings = createStore<Settings>(stored());
settings.subscribe(() => localStorage.setItem(place, JSON.stringify(settings.get())));

export function changeSettings(changes: Partial<Settings>): void {
  settings.set({ ...settings.get(), ...changes });
}

export function endpointOf(mode: Mode): Endpoint {
  return mode === 'image' ? 'sdxl-img2img' : 'sdxl-torch';
}

export function setValue(name: string, value: FieldValue): void {
  const { mode, values } = settings.get();
  const own = endpointOf(mode);
  const set = (endpoint: Endpoint) =>
    endpoint === own || shared.has(name) ? { ...values[endpoint], [name]: value } : values[endpoint];
  changeSettings({ values: { 'sdxl-torch': set('sdxl-torch'), 'sdxl-img2img': set('sdxl-img2img') } });
}

/** Takes over the settings of an earlier request, its seed included. */
export function restoreSettings(slug: Slug, body: Body, seed: number): void {
  const endpoint: Endpoint = slug === 'sdxl-img2img' ? slug : 'sdxl-torch';
  const { mode, values } = settings.get();
  const other: Endpoint = endpoint === 'sdxl-torch' ? 'sdxl-img2img' : 'sdxl-torch';
  const mirrored = Object.fromEntries(Object.entries(body).filter(([name]) => shared.has(name)));
  const rest = Object.fromEntries(Object.entries(values[other]).filter(([name]) => !shared.has(name)));
  const kept = mode === 'compare' && endpoint === 'sdxl-torch' ? 'compare' : 'text';
  changeSettings({
    mode: endpoint === 'sdxl-img2img' ? 'image' : kept,
    seedLocked: true,
    values: {
      ...values,
      [endpoint]: { ...body, seed },
      [other]: { ...rest, ...mirrored, seed },
    },
  });
}

export type Schemas = Readonly<Record<string, FieldSchema>>;

/** The fields the form has in a mode; text to image with the sizes that its other name takes. */
export function schemasOf(capabilities: Capabilities, mode: Mode): Schemas {
  return capabilities.fields[mode === 'image' ? 'sdxl-img2img' : 'sdxl1.0-txt2img'];
}

/** A field's value as the form shows it. */
export function shownValue(name: string, schemas: Schemas, { mode, values }: Settings): FieldValue {
  return values[endpointOf(mode)][name] ?? schemas[name]?.default ?? '';
}

/** The request that the form asks for: the prompt and what differs from the API's defaults. */
export function requestOf(capabilities: Capabilities, current: Settings): { slug: Slug; body: Body } {
  const schemas = schemasOf(capabilities, current.mode);
  const given = Object.entries(current.values[endpointOf(current.mode)]).filter(
    ([name, value]) =>
      name in schemas &&
      value !== '' &&
      value !== schemas[name]!.default &&
      (name !== 'seed' || current.seedLocked),
  );
  const body = Object.fromEntries(given);
  if (current.mode === 'image') return { slug: 'sdxl-img2img', body };
  const sized = 'img_width' in body || 'img_height' in body;
  return { slug: sized ? 'sdxl1.0-txt2img' : 'sdxl-torch', body };
}

/** A seed as the server draws one: uniform in 0 ... 2^32 - 1. */
export function drawSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}
