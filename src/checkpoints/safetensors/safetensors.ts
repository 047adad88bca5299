import { realpath } from 'node:fs/promises';
import type { TensorLocation } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { isJsonObject, type JsonObject } from '../json-file.ts';
import { isWeightDtype } from './element-types.ts';
import { readHeaderFile } from './header-file.ts';
import { tensorEntries } from './tensor-entries.ts';

/** Index buffers that old transformers versions saved beside the weights; nothing computes with them. */
const ignorableName = /(^|\.)position_ids$/;

export function isIgnorableTensor(name: string): boolean {
  return ignorableName.test(name);
}

/**
 * What a tensor is to its reader: a weight must be of a type that networks compute from, a note is a number
 * or a few of any type (see readNumbers), and what is ignored is left out.
 */
export type TensorRole = 'weight' | 'note' | 'ignored';

/** A tensor of any element type of the format. */
export interface NoteLocation extends Omit<TensorLocation, 'dtype'> {
  readonly dtype: string;
}

export interface SafetensorsHeader {
  /** Free text by name, as the file's writer left it. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: Map<string, TensorLocation>;
  readonly notes: ReadonlyMap<string, NoteLocation>;
}

/**
 * Reads a safetensors header and gives every tensor's place without reading its data. Reads what the
 * reference implementation reads, with three exceptions: more than 100,000 tensors, a key that occurs twice
 * (there the last one counts), and weights of other types than F32, F16 and BF16.
 * @param roleOf by name; by default all are weights but position_ids.
 * @throws CheckpointError naming the file and the tensor.
 */
export async function readSafetensorsHeader(
  file: string,
  roleOf: (name: string) => TensorRole = weightsOnly,
): Promise<SafetensorsHeader> {
  const resolved = await realpath(file).catch((cause: NodeJS.ErrnoException) => {
    throw new CheckpointError(`${file}: ${cause.code === 'ENOENT' ? 'missing' : cause.message}`, { cause });
  });
  const { header, dataBegin, dataBytes } = await readHeaderFile(resolved, file);
  const tensors = new Map<string, TensorLocation>();
  const notes = new Map<string, NoteLocation>();
  for (const { name, dtype, shape, begin, end } of tensorEntries(header, dataBytes, file)) {
    const role = roleOf(name);
    const place = { file: resolved, byteOffset: dataBegin + begin, byteLength: end - begin, shape };
    if (role === 'note') notes.set(name, { ...place, dtype });
    if (role !== 'weight') continue;
    if (!isWeightDtype(dtype))
      throw new CheckpointError(
        `${file}: tensor "${name}" has element type ${dtype}; supported are F32, F16 and BF16`,
      );
    tensors.set(name, { ...place, dtype });
  }
  return { metadata: metadataOf(header, file), tensors, notes };
}

function weightsOnly(name: string): TensorRole {
  return isIgnorableTensor(name) ? 'ignored' : 'weight';
}

/** An absent one and null are none at all, as in the reference implementation. */
function metadataOf(header: JsonObject, file: string): Readonly<Record<string, string>> {
  const metadata = (Object.hasOwn(header, '__metadata__') ? header.__metadata__ : null) ?? {};
  if (!isJsonObject(metadata) || Object.values(metadata).some((value) => typeof value !== 'string'))
    throw new CheckpointError(`${file}: __metadata__ must map names to strings`);
  return metadata as Readonly<Record<string, string>>;
}
