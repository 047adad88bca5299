import type { TensorLocation } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { readNumber } from '../safetensors/numbers.ts';
import { type NoteLocation, readSafetensorsHeader } from '../safetensors/safetensors.ts';
import { adapterFacts } from './adapter-config.ts';
import { isBundledEmbedding, type LoraPart, loraName } from './lora-names.ts';
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

/** A weight's parts by the names of their tensors. */
interface NamedParts {
  readonly target: LoraTarget;
  readonly module: string;
  readonly keys: Map<LoraPart, string>;
}

/**
 * Reads a LoRA's header and its alphas, in kohya's, diffusers' or peft's naming. A missing alpha equals the
 * rank.
 * @param targets modules by the names that files call them, see loraTargets.
 * @throws CheckpointError naming the file and a tensor that is no LoRA's, that belongs to no module of the
 * checkpoint, whose other half is missing or whose shape does not fit; both keys where two name one module.
 */
export async function readLora(
  file: string,
  targets: ReadonlyMap<string, LoraTarget>,
): Promise<LoraModule[]> {
  const { tensors, notes, metadata } = await readSafetensorsHeader(file, (name) =>
    isBundledEmbedding(name) ? 'ignored' : name.endsWith('.alpha') ? 'note' : 'weight',
  );
  const parts = partsByWeight([...tensors.keys(), ...notes.keys()], targets, file);
  if (parts.length === 0) throw new CheckpointError(`${file}: holds no LoRA`);
  const published = adapterFacts(metadata, file);
  const result: LoraModule[] = [];
  for (const { target, module, keys } of parts) {
    const down = tensors.get(keys.get('down') ?? '');
    const up = tensors.get(keys.get('up') ?? '');
    if (down === undefined || up === undefined)
      throw new CheckpointError(
        `${file}: "${module}" lacks its ${down === undefined ? 'down' : 'up'} weight`,
      );
    const rank = requireShapes(module, target, down, up, file);
    const told = published(target);
    if (told.rank !== undefined && told.rank !== rank)
      throw new CheckpointError(
        `${file}: "${module}" has rank ${rank}; its adapter metadata say ${told.rank}`,
      );
    const own = await alphaOf(keys.get('alpha'), notes);
    if (own !== undefined && told.alpha !== undefined && own !== told.alpha)
      throw new CheckpointError(
        `${file}: "${module}" has alpha ${own}; its adapter metadata say ${told.alpha}`,
      );
    result.push({ target, down, up, rank, alpha: own ?? told.alpha ?? rank });
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
    if (target === undefined)
      throw new CheckpointError(`${file}: "${module}" is no linear or convolution layer of the checkpoint`);
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

function refuseStranger(name: string, file: string): never {
  throw new CheckpointError(
    `${file}: tensor "${name}" is none of a LoRA's; supported are pairs of down and up weights with their alpha, ` +
      'not DoRA, LoHa, LoKr or Tucker decompositions',
  );
}

async function alphaOf(
  name: string | undefined,
  notes: ReadonlyMap<string, NoteLocation>,
): Promise<number | undefined> {
  return name === undefined ? undefined : readNumber(name, notes.get(name)!);
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
