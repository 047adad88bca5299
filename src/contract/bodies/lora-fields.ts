import { z } from 'zod';
import { ApiError } from '../errors.ts';
import { show } from '../show.ts';
import { readFields } from './fields.ts';

/**
 * A LoRA of a request, and how strongly it is applied: 1 as trained, 0 not at all, negative the other way.
 */
export interface LoraChoice {
  /** As GET /v1/loras names it. */
  readonly name: string;
  readonly weight: number;
  /** Of the text encoders' part; as `weight` where absent. */
  readonly textEncoderWeight?: number;
}

const mostLoras = 8;
const mostWeight = 10;
const longestName = 200;
const weight = z.number().min(-mostWeight).max(mostWeight);

/** Extension fields of every body. */
export const loraFields = {
  loras: z
    .array(
      z.object({
        name: z.string().min(1).max(longestName),
        weight: weight.default(1),
        text_encoder_weight: weight.optional(),
      }),
    )
    .max(mostLoras)
    .optional()
    .meta({
      description:
        'Extension: LoRAs of GET /v1/loras with their weights, at most 8; <lora:name:0.8> in the prompt is the same',
      examples: [[{ name: 'style', weight: 0.8 }]],
    }),
};

/** A1111's syntax: a name, the weight of all (or of the text encoders where another follows), of the UNet. */
const tag = /<(?:lora|lyco):([^:<>]+)((?::[^:<>]*)*)>/g;

type WireLora = NonNullable<z.output<(typeof loraFields)['loras']>>[number];

/** A LoRA in the names of the API. */
export function wireLora<Lora extends LoraChoice>({ textEncoderWeight, ...lora }: Lora) {
  return { ...lora, ...(textEncoderWeight !== undefined && { text_encoder_weight: textEncoderWeight }) };
}

/**
 * The LoRAs that a body names in its field and in its prompt, and the prompt without them.
 * @throws ApiError naming a tag that cannot be read, a LoRA named twice, or too many of them.
 */
export function lorasOf(
  prompt: string,
  field: readonly WireLora[] = [],
): { readonly prompt: string; readonly loras?: readonly LoraChoice[] } {
  const loras: LoraChoice[] = field.map(({ name, weight, text_encoder_weight: textEncoderWeight }) => ({
    ...{ name, weight },
    ...(textEncoderWeight !== undefined && { textEncoderWeight }),
  }));
  const rest = prompt.replace(tag, (whole, name: string, values: string) => {
    loras.push(choiceOf(whole, name, values));
    return '';
  });
  if (loras.length === 0) return { prompt };
  const names = loras.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new ApiError('invalidParameter', `loras: ${show(twice)} is named twice`);
  if (loras.length > mostLoras)
    throw new ApiError(
      'invalidParameter',
      `loras must be at most ${mostLoras} with those of the prompt, got ${loras.length}`,
    );
  return { prompt: rest, loras };
}

const naming = z.object({ prompt: z.string(), ...loraFields });

/**
 * Those that a body names as it was sent; none where that cannot be read, which reading it as a whole says.
 */
export function lorasNamed(fields: unknown): readonly LoraChoice[] {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return [];
  const read = readFields(naming, fields);
  if (read.wrong !== undefined) return [];
  try {
    return lorasOf(read.data.prompt, read.data.loras).loras ?? [];
  } catch (error) {
    if (error instanceof ApiError) return [];
    throw error;
  }
}

function choiceOf(whole: string, name: string, values: string): LoraChoice {
  const given = values === '' ? [] : values.slice(1).split(':');
  const named = new Map<string, number>();
  const positional: number[] = [];
  for (const text of given) {
    const [, key, value] = /^\s*(?:(te|unet)\s*=)?\s*(-?(?:\d+\.?\d*|\.\d+))\s*$/.exec(text) ?? [];
    const number = Number(value);
    if (value === undefined || Math.abs(number) > mostWeight || positional.length > 1)
      throw new ApiError(
        'invalidParameter',
        `prompt: ${show(whole)} must be <lora:name:weight> with a weight from ${-mostWeight} to ${mostWeight}`,
      );
    if (key === undefined) positional.push(number);
    else named.set(key, number);
  }
  const text = named.get('te') ?? positional[0] ?? 1;
  const unet = named.get('unet') ?? positional[1] ?? positional[0] ?? 1;
  return { name: name.trim(), weight: unet, ...(text !== unet && { textEncoderWeight: text }) };
}
