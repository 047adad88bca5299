import type { TensorLocation } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { refuseSecondName } from '../renamed-tensors.ts';
import { openClipParts } from './open-clip-names.ts';
import { publishedUnetName } from './unet-names.ts';
import { publishedVaeName } from './vae-names.ts';

export type SingleFileComponent = 'unet' | 'vae' | 'text_encoder' | 'text_encoder_2';

/** Tensors of a checkpoint by component, then by published name. */
export type SortedTensors = ReadonlyMap<SingleFileComponent, ReadonlyMap<string, TensorLocation>>;

export const unetPrefix = 'model.diffusion_model.';
export const vaePrefix = 'first_stage_model.';

/**
 * Where a file has its text encoders, which also tells base (CLIP-L and OpenCLIP) from refiner (OpenCLIP
 * alone).
 */
export interface TextEncoderPrefixes {
  readonly text_encoder?: string;
  readonly text_encoder_2: string;
}

/**
 * Gives every tensor of a single-file checkpoint its published name. Fused tensors are served as slices of
 * their bytes.
 * @param tensors by original name, ignorable ones left out already.
 * @throws CheckpointError naming the first tensor that no network has, and how many there are.
 */
export function sortTensors(
  tensors: ReadonlyMap<string, TensorLocation>,
  prefixes: TextEncoderPrefixes,
  file: string,
): SortedTensors {
  const sorted = new Map<SingleFileComponent, Map<string, TensorLocation>>();
  const givenAs = new Map<string, string>();
  const put = (component: SingleFileComponent, name: string, location: TensorLocation, original: string) => {
    if (!sorted.has(component)) sorted.set(component, new Map());
    refuseSecondName(givenAs, `${component}.${name}`, original, file);
    sorted.get(component)!.set(name, location);
  };
  const names = [...tensors.keys()];
  const span = blockSpan(names);
  const levels = vaeLevels(names, vaePrefix);
  const strangers: string[] = [];
  for (const [name, location] of tensors) {
    if (name.startsWith(unetPrefix)) {
      const published = publishedUnetName(name.slice(unetPrefix.length), span);
      if (published === undefined) strangers.push(name);
      else put('unet', published, location, name);
    } else if (name.startsWith(vaePrefix)) {
      const published = publishedVaeName(name.slice(vaePrefix.length), levels);
      if (published === undefined) strangers.push(name);
      else put('vae', published, asLinear(published, location), name);
    } else if (prefixes.text_encoder !== undefined && name.startsWith(prefixes.text_encoder)) {
      put('text_encoder', name.slice(prefixes.text_encoder.length), location, name);
    } else if (name.startsWith(prefixes.text_encoder_2)) {
      const parts = openClipParts(name.slice(prefixes.text_encoder_2.length));
      if (parts.length === 0) strangers.push(name);
      for (const { published, third, transposed } of parts) {
        const place = third === undefined ? location : thirdOf(name, location, third, file);
        put('text_encoder_2', published, transposed === true ? turned(name, place, file) : place, name);
      }
    } else strangers.push(name);
  }
  if (strangers.length > 0)
    throw new CheckpointError(
      `${file}: tensor "${strangers[0]}" has no place in an SDXL checkpoint${strangers.length > 1 ? ` (and ${strangers.length - 1} more)` : ''}`,
    );
  return sorted;
}

/**
 * Blocks per level and way: one more than the number of the first block that only resamples, less the input
 * convolution.
 */
export function blockSpan(names: readonly string[]): number {
  const numbers = names.flatMap((name) => {
    const [, index] = /^model\.diffusion_model\.input_blocks\.(\d+)\.0\.op\./.exec(name) ?? [];
    return index === undefined ? [] : [Number(index)];
  });
  // SDXL has two resnets per level.
  return numbers.length === 0 ? 3 : Math.min(...numbers);
}

/** Levels of a VAE with original names. */
export function vaeLevels(names: readonly string[], prefix: string): number {
  return 1 + Math.max(-1, ...names.map((name) => levelOf(name, `${prefix}decoder.up.`)));
}

function levelOf(name: string, prefix: string): number {
  return name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : -1;
}

/** The VAE's attention was written as convolutions of size 1: the same bytes as a linear layer's. */
export function asLinear(published: string, location: TensorLocation): TensorLocation {
  const { shape } = location;
  const isConvolution = shape.length === 4 && shape[2] === 1 && shape[3] === 1;
  return isConvolution && /\.attentions\.0\.to_(q|k|v|out\.0)\.weight$/.test(published)
    ? { ...location, shape: shape.slice(0, 2) }
    : location;
}

/** Query, key and value are stacked along the rows, so each is a piece of the bytes. */
function thirdOf(name: string, location: TensorLocation, third: number, file: string): TensorLocation {
  const [rows = 0, ...rest] = location.shape;
  if (rows % 3 !== 0)
    throw new CheckpointError(
      `${file}: tensor "${name}" has shape [${location.shape}], which is not query, key and value stacked`,
    );
  const byteLength = location.byteLength / 3;
  return {
    ...location,
    byteOffset: location.byteOffset + third * byteLength,
    byteLength,
    shape: [rows / 3, ...rest],
  };
}

function turned(name: string, location: TensorLocation, file: string): TensorLocation {
  const [rows, columns] = location.shape;
  if (location.shape.length !== 2 || rows === undefined || columns === undefined)
    throw new CheckpointError(`${file}: tensor "${name}" has shape [${location.shape}]; it must be a matrix`);
  return { ...location, shape: [columns, rows], transposed: true };
}
