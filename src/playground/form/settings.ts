import { createStore } from '../parts/store.ts';
import type { Body, Offered, Slug } from '../parts/wire.ts';
import { withChoice } from './schemas.ts';
import { type Endpoint, type Settings, sharedOf, withValues } from './values.ts';

/** What the form says, kept in this browser. */

const place = 'sdxl-server.settings';
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

export function setValue(name: string, value: Body[string]): void {
  settings.set(withValues(settings.get(), { [name]: value }));
}

/** Chooses a model, LoRA, sampler or schedule, which moves other fields. */
export function choose(offered: Offered, changes: Body): void {
  settings.set(withChoice(offered, settings.get(), changes));
}

/** Takes over the settings of an earlier request, its seed included. */
export function restoreSettings(slug: Slug, body: Body, seed: number): void {
  const endpoint: Endpoint = slug === 'sdxl-img2img' ? slug : 'sdxl-torch';
  const { mode, values } = settings.get();
  const other: Endpoint = endpoint === 'sdxl-torch' ? 'sdxl-img2img' : 'sdxl-torch';
  const forgotten = Object.keys(sharedOf(values[other]));
  const rest = Object.fromEntries(
    Object.entries(values[other]).filter(([name]) => !forgotten.includes(name)),
  );
  const kept = mode === 'compare' && endpoint === 'sdxl-torch' ? 'compare' : 'text';
  changeSettings({
    mode: endpoint === 'sdxl-img2img' ? 'image' : kept,
    seedLocked: true,
    values: {
      ...values,
      [endpoint]: { ...body, seed },
      [other]: { ...rest, ...sharedOf(body), seed },
    },
  });
}

/** A seed as the server draws one: uniform in 0 ... 2^32 - 1. */
export function drawSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}
