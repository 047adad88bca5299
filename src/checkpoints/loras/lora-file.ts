import type { TensorLocation } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { readNumber } from '../safetensors/numbers.ts';
import { type NoteLocation, readSafetensorsHeader } from '../safetensors/safetensors.ts';
import { adapterFacts } from './adapter-config.ts';
import { type Delta, deltaOf, failAt, product } from './lora-changes.ts';
import { isBundledEmbedding, type LoraPart, loraName } from './lora-names.ts';
import type { LoraTarget } from './lora-targets.ts';

/** What a file changes of one layer. */
export interface LoraModule {
  readonly target: LoraTarget;
  /** Of the weight; undefined where the bias alone is changed. */
  readonly delta: Delta | undefined;
  /** What the delta is multiplied with: alpha / rank, 1 for what is whole. */
  readonly scale: number;
  /** DoRA: the trained length of each row or column of the weight. */
  readonly magnitude: { readonly location: TensorLocation; readonly byRow: boolean } | undefined;
  /** Added to the bias, times the scale where it stands beside a low-rank pair. */
  readonly bias: { readonly location: TensorLocation; readonly scale: number } | undefined;
}

/** A layer's parts by the names of their tensors. */
interface NamedParts {
  readonly target: LoraTarget;
  readonly module: string;
  readonly keys: Map<LoraPart, string>;
}

/** Header of a LoRA's file: what is a weight, and what a number. */
export function readLoraHeader(file: string) {
  return readSafetensorsHeader(file, (name) =>
    isBundledEmbedding(name) ? 'ignored' : name.endsWith('.alpha') ? 'note' : 'weight',
  );
}

/**
 * Reads an adapter's header and its alphas: LoRA in kohya's, diffusers' or peft's naming, LoCon, LoHa, LoKr,
 * differences of weights, biases and norms, all of them as DoRA too. A missing alpha equals the rank.
 * @param targets modules by the names that files call them, see loraTargets.
 * @throws CheckpointError naming the file and a tensor that is no adapter's, that belongs to no layer of the
 * checkpoint, whose other parts are missing or whose shape does not fit; both keys where two name one layer.
 */
export async function readLora(
  file: string,
  targets: ReadonlyMap<string, LoraTarget>,
): Promise<LoraModule[]> {
  const { tensors, notes, metadata } = await readLoraHeader(file);
  const parts = partsByWeight([...tensors.keys(), ...notes.keys()], targets, file);
  if (parts.length === 0) throw new CheckpointError(`${file}: holds no LoRA`);
  const published = adapterFacts(metadata, file);
  const result: LoraModule[] = [];
  for (const { target, module, keys } of parts) {
    const fail = failAt(file, module);
    const locations = new Map<LoraPart, TensorLocation>();
    for (const [part, key] of keys) if (part !== 'alpha') locations.set(part, tensors.get(key)!);
    const { shape } = target.location;
    const decomposed = deltaOf(locations, shape, fail);
    const rank = decomposed?.rank;
    const told = published(target);
    if (rank !== undefined && told.rank !== undefined && told.rank !== rank)
      fail(`has rank ${rank}; its adapter metadata say ${told.rank}`);
    const isDora = locations.has('magnitude') || locations.has('dora_scale');
    if (told.isDora && decomposed !== undefined && !isDora)
      fail('lacks its magnitude; its adapter metadata say use_dora');
    const own = await alphaOf(keys.get('alpha'), notes);
    if (own !== undefined && told.alpha !== undefined && own !== told.alpha)
      fail(`has alpha ${own}; its adapter metadata say ${told.alpha}`);
    const alpha = own ?? told.alpha ?? rank;
    const root = told.isRankStabilized ? Math.sqrt : (value: number) => value;
    const scale = rank === undefined ? 1 : alpha! / root(rank);
    result.push({
      ...{ target, scale, delta: decomposed?.delta },
      magnitude: magnitudeOf(locations, decomposed?.delta, shape, fail),
      bias: biasOf(locations, target, scale, fail),
    });
  }
  return result;
}

/** One weight may go by several names, but only by one of them in one file: its change would count twice. */
function partsByWeight(
  names: readonly string[],
  targets: ReadonlyMap<string, LoraTarget>,
  file: string,
): NamedParts[] {
  const byWeight = new Map<LoraTarget, NamedParts>();
  for (const name of names) {
    const { module, part } = loraName(name) ?? refuseStranger(name, file);
    const target = targets.get(module);
    if (target === undefined) throw new CheckpointError(`${file}: "${module}" is no layer of the checkpoint`);
    const parts = byWeight.get(target) ?? { target, module, keys: new Map() };
    const other = parts.module === module ? parts.keys.get(part) : [...parts.keys.values()][0];
    if (other !== undefined)
      throw new CheckpointError(
        `${file}: tensors "${other}" and "${name}" name the same module, ${target.component}.${target.tensor}`,
      );
    parts.keys.set(part, name);
    byWeight.set(target, parts);
  }
  return [...byWeight.values()];
}

export function refuseStranger(name: string, file: string): never {
  throw new CheckpointError(
    `${file}: tensor "${name}" is none of a LoRA's; supported are LoRA, LoCon, LoHa, LoKr, DoRA and ` +
      'differences of weights, biases and norms',
  );
}

async function alphaOf(
  name: string | undefined,
  notes: ReadonlyMap<string, NoteLocation>,
): Promise<number | undefined> {
  return name === undefined ? undefined : readNumber(name, notes.get(name)!);
}

function magnitudeOf(
  parts: ReadonlyMap<LoraPart, TensorLocation>,
  delta: Delta | undefined,
  shape: readonly number[],
  fail: (problem: string) => never,
): LoraModule['magnitude'] {
  const ofRows = parts.get('magnitude');
  const location = ofRows ?? parts.get('dora_scale');
  if (location === undefined) return undefined;
  if (delta === undefined || shape.length < 2) return fail('has a magnitude and no change to bring to it');
  const [first] = location.shape;
  const byRow = ofRows !== undefined || first === shape[0];
  const groups = byRow ? shape[0]! : shape[1]!;
  if (product(location.shape) !== groups || (!byRow && first !== 1))
    return fail(`has a magnitude [${location.shape}], which does not fit a layer of shape [${shape}]`);
  return { location, byRow };
}

function biasOf(
  parts: ReadonlyMap<LoraPart, TensorLocation>,
  { bias }: LoraTarget,
  scale: number,
  fail: (problem: string) => never,
): LoraModule['bias'] {
  const [whole, trained] = [parts.get('diff_b'), parts.get('up_bias')];
  if (whole !== undefined && trained !== undefined) return fail('has its bias changed twice');
  const location = whole ?? trained;
  if (location === undefined) return undefined;
  if (bias === undefined) return fail('changes a bias, and the layer has none');
  if (product(location.shape) !== product(bias.location.shape))
    return fail(`has a bias [${location.shape}], the layer's is [${bias.location.shape}]`);
  return { location, scale: whole === undefined ? scale : 1 };
}
