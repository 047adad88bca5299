import { CheckpointError } from '../checkpoint-error.ts';
import { isJsonObject, type JsonObject } from '../json-file.ts';
import { bitsOf } from './element-types.ts';

/** One tensor of a header; offsets count from the begin of the data. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/**
 * The tensors of a parsed header, by the rules of the reference implementation (safetensors/src/tensor.rs,
 * Metadata::validate): offsets cover the data exactly once, without holes or overlaps, and hold what the
 * shapes need. Fields of an entry that the format does not know are passed over, as there.
 * @throws CheckpointError naming the file and the tensor.
 */
export function tensorEntries(header: JsonObject, dataBytes: number, file: string): TensorEntry[] {
  const entries = Object.entries(header)
    .filter(([name]) => name !== '__metadata__')
    .map(([name, value]) => tensorEntry(name, value, file));
  requireContiguous(entries, dataBytes, file);
  return entries;
}

function tensorEntry(name: string, value: unknown, file: string): TensorEntry {
  const fail = (problem: string): never => {
    throw new CheckpointError(`${file}: tensor "${name}": ${problem}`);
  };
  if (!isJsonObject(value)) return fail('its entry must be an object');
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string') return fail('dtype must be a string');
  const bits = bitsOf(dtype);
  if (bits === undefined) return fail(`unknown element type ${dtype}`);
  if (!isNaturals(shape)) return fail('shape must be an array of non-negative integers');
  if (!isNaturals(offsets) || offsets.length !== 2)
    return fail('data_offsets must be two non-negative integers');
  const [begin, end] = offsets as [number, number];
  if (begin > end) return fail(`data_offsets [${begin}, ${end}] run backwards`);
  const bytes = shape.reduce((product, extent) => product * extent, bits) / 8;
  if (bytes !== end - begin)
    return fail(`shape [${shape}] of ${dtype} needs ${bytes} bytes but data_offsets hold ${end - begin}`);
  return { name, dtype, shape, begin, end };
}

function requireContiguous(entries: readonly TensorEntry[], dataBytes: number, file: string): void {
  let position = 0;
  for (const { name, begin, end } of [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== position)
      throw new CheckpointError(
        `${file}: tensor "${name}" begins at ${begin} where the data before it ends at ${position}`,
      );
    if (end > dataBytes)
      throw new CheckpointError(
        `${file}: truncated: tensor "${name}" ends at ${end} but the file holds ${dataBytes} bytes of data`,
      );
    position = end;
  }
  if (position !== dataBytes)
    throw new CheckpointError(`${file}: ${dataBytes - position} bytes after the last tensor belong to none`);
}

function isNaturals(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);
}
