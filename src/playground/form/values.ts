import type { Body, LoraChoice } from '../parts/wire.ts';

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

export function endpointOf(mode: Mode): Endpoint {
  return mode === 'image' ? 'sdxl-img2img' : 'sdxl-torch';
}

/** The field that names the checkpoint. */
export function modelField(mode: Mode): 'model' | 'base_model' {
  return mode === 'image' ? 'base_model' : 'model';
}

/** The sampler of a request that names a schedule alone. */
export const usualSampler = 'unipc';

/** Whether a sampler or a schedule takes the scheduler's place. A comparison has schedulers of its own. */
export function asksSampler({ mode, values }: Settings): boolean {
  const { sampler = '', schedule = '' } = values[endpointOf(mode)];
  return mode !== 'compare' && (sampler !== '' || schedule !== '');
}

export function chosenLoras({ mode, values }: Settings): readonly LoraChoice[] {
  const { loras } = values[endpointOf(mode)];
  return typeof loras === 'object' ? loras : [];
}

/** Fields that mean the same for both endpoints, and are kept when the mode changes. */
const shared = new Set([
  ...['prompt', 'negative_prompt', 'samples', 'seed', 'output_format', 'rng'],
  ...['loras', 'sampler', 'schedule', 'cache', 'clip_skip'],
]);

/** The fields of a body that both endpoints have in common. */
export function sharedOf(body: Body): Body {
  return Object.fromEntries(Object.entries(body).filter(([name]) => shared.has(name)));
}

export function withValues(current: Settings, changes: Body): Settings {
  const { mode, values } = current;
  const set = (endpoint: Endpoint): Body => ({
    ...values[endpoint],
    ...(endpoint === endpointOf(mode) ? changes : sharedOf(changes)),
  });
  return { ...current, values: { 'sdxl-torch': set('sdxl-torch'), 'sdxl-img2img': set('sdxl-img2img') } };
}

/** The prompt with another word, or another name, behind it. */
export function withWord(prompt: string, word: string): string {
  return prompt.trim() === '' ? word : `${prompt.trimEnd()}, ${word}`;
}

/** As the server reads a prompt: `<lora:name>`, `:weight`, `:text encoders:UNet`, or either by its name. */
const loraTag = /<(?:lora|lyco):([^:<>]+)((?::[^:<>]*)*)>/g;
const weight = /^\s*(?:(te|unet)\s*=)?\s*(-?(?:\d+\.?\d*|\.\d+))\s*$/;

/** LoRAs that a prompt names, the prompt without them, and what looks like one and is none. */
export function lorasInPrompt(prompt: string): {
  readonly loras: readonly LoraChoice[];
  readonly rest: string;
  readonly unread: readonly string[];
} {
  const loras: LoraChoice[] = [];
  const unread: string[] = [];
  const rest = prompt.replace(loraTag, (whole: string, name: string, values: string) => {
    const lora = loraOf(name.trim(), values);
    if (lora === undefined) unread.push(whole);
    else loras.push(lora);
    return lora === undefined ? whole : '';
  });
  for (const [whole] of prompt.replace(loraTag, '').matchAll(/<\s*(?:lora|lyco)\b[^<>]*>?/gi))
    unread.push(whole);
  return { loras, rest: loras.length > 0 ? rest.replace(/ {2,}/g, ' ').trim() : prompt, unread };
}

function loraOf(name: string, values: string): LoraChoice | undefined {
  const read = values
    .split(':')
    .slice(1)
    .map((text) => weight.exec(text));
  const plain = read.filter((each) => each?.[1] === undefined).map((each) => Number(each?.[2]));
  const named = (key: string) => read.findLast((each) => each?.[1] === key)?.[2];
  const unet = Number(named('unet') ?? plain[1] ?? plain[0] ?? 1);
  const text = Number(named('te') ?? plain[0] ?? 1);
  const isRight = (each: number) => Math.abs(each) <= 10;
  if (plain.length > 2 || ![...plain, unet, text].every(isRight)) return undefined;
  return { name, weight: unet, ...(text !== unet && { text_encoder_weight: text }) };
}
