import type { TensorLocation } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { isJsonObject, type JsonObject, parseJsonObject } from '../json-file.ts';
import { readSafetensorsHeader } from '../safetensors/safetensors.ts';
import { readTensorValues } from '../safetensors/tensor-values.ts';
import type { LoraTarget } from './lora-targets.ts';

/** One weight's change: alpha / rank * up down. */
export interface LoraModule {
  readonly target: LoraTarget;
  /** [rank, in] or, of a convolution, [rank, in, height, width]. */
  readonly down: TensorLocation;
  /** [out, rank], of a convolution followed by ones. */
  readonly up: TensorLocation;
  readonly rank: number;
  readonly alpha: number;
}

type Part = 'down' | 'up' | 'alpha';

/** Endings of the names in LoRA files; the rest is the module. */
const endings: readonly (readonly [pattern: RegExp, part: (matched: string) => Part])[] = [
  // kohya; diffusers before peft; peft, with or without its adapter's name.
  [/\.lora_(down|up)\.weight$/, (matched) => matched as Part],
  [/\.lora(?:_linear_layer)?\.(down|up)\.weight$/, (matched) => matched as Part],
  [/\.lora_(A|B)(?:\.default)?\.weight$/, (matched) => (matched === 'A' ? 'down' : 'up')],
  [/\.(alpha)$/, () => 'alpha'],
];

/**
 * Reads a LoRA's header and its alphas, in kohya's, diffusers' or peft's naming. A missing alpha equals the
 * rank.
 * @param targets modules by the names that files call them, see loraTargets.
 * @throws CheckpointError naming the file and a tensor that is no LoRA's, that belongs to no module of the
 * checkpoint, whose other half is missing or whose shape does not fit.
 */
export async function readLora(
  file: string,
  targets: ReadonlyMap<string, LoraTarget>,
): Promise<LoraModule[]> {
  const { tensors, metadata } = await readSafetensorsHeader(file);
  const modules = new Map<string, Partial<Record<Part, TensorLocation>>>();
  for (const [name, location] of tensors) {
    const { module, part } = parseName(name, file);
    if (!modules.has(module)) modules.set(module, {});
    modules.get(module)![part] = location;
  }
  if (modules.size === 0) throw new CheckpointError(`${file}: holds no LoRA`);
  const published = adapterAlphas(metadata, file);
  const result: LoraModule[] = [];
  for (const [name, { down, up, alpha }] of modules) {
    const target = targets.get(name);
    if (target === undefined)
      throw new CheckpointError(`${file}: "${name}" is no linear or convolution layer of the checkpoint`);
    if (down === undefined || up === undefined)
      throw new CheckpointError(`${file}: "${name}" lacks its ${down === undefined ? 'down' : 'up'} weight`);
    const rank = requireShapes(name, target, down, up, file);
    const own = alpha === undefined ? undefined : (await readTensorValues(alpha))[0];
    result.push({ target, down, up, rank, alpha: own ?? published(target) ?? rank });
  }
  return result;
}

function parseName(name: string, file: string): { module: string; part: Part } {
  for (const [pattern, partOf] of endings) {
    const match = pattern.exec(name);
    if (match === null) continue;
    const module = name.slice(0, match.index).replace(/^base_model\.model\./, '');
    return { module: module.replace(/\.processor$/, ''), part: partOf(match[1]!) };
  }
  // Attention processors of diffusers before 0.21.
  const old = /^(.+)\.processor\.to_(q|k|v|out)_lora\.(down|up)\.weight$/.exec(name);
  if (old !== null)
    return { module: `${old[1]}.to_${old[2] === 'out' ? 'out.0' : old[2]}`, part: old[3] as Part };
  throw new CheckpointError(
    `${file}: tensor "${name}" is none of a LoRA's; supported are pairs of down and up weights with their alpha, ` +
      'not DoRA, LoHa, LoKr or Tucker decompositions',
  );
}

/** @returns the rank. */
function requireShapes(
  name: string,
  { location: { shape } }: LoraTarget,
  down: TensorLocation,
  up: TensorLocation,
  file: string,
): number {
  const [rank = 0, ...inputs] = down.shape;
  const [outputs, upRank, ...ones] = up.shape;
  const fits =
    rank > 0 &&
    product(inputs) === product(shape.slice(1)) &&
    inputs[0] === shape[1] &&
    outputs === shape[0] &&
    upRank === rank &&
    ones.every((extent) => extent === 1);
  if (!fits)
    throw new CheckpointError(
      `${file}: "${name}" has down weight [${down.shape}] and up weight [${up.shape}], which do not fit a layer of shape [${shape}]`,
    );
  return rank;
}

function product(extents: readonly number[]): number {
  return extents.reduce((all, extent) => all * extent, 1);
}

/**
 * Alphas of the peft configs that diffusers writes beside the weights since 0.34, `unet.lora_alpha` and so
 * on.
 */
function adapterAlphas(
  metadata: Readonly<Record<string, string>>,
  file: string,
): (target: LoraTarget) => number | undefined {
  const text = metadata.lora_adapter_metadata;
  if (text === undefined) return () => undefined;
  const place = `${file}: __metadata__ lora_adapter_metadata`;
  const config: JsonObject = parseJsonObject(text, place);
  for (const [key, value] of Object.entries(config))
    if (/(^|\.)use_(dora|rslora)$/.test(key) && value === true)
      throw new CheckpointError(`${place}: ${key} is true; only plain LoRA is supported`);
  return ({ component, tensor }) => {
    const module = tensor.replace(/\.weight$/, '');
    const patterns = config[`${component}.alpha_pattern`];
    const own = Object.entries(isJsonObject(patterns) ? patterns : {}).find(
      ([ending]) => module === ending || module.endsWith(`.${ending}`),
    )?.[1];
    const alpha = own ?? config[`${component}.lora_alpha`];
    if (alpha !== undefined && typeof alpha !== 'number')
      throw new CheckpointError(`${place}: the alpha of ${component}.${module} is ${JSON.stringify(alpha)}`);
    return alpha;
  };
}
