import type { Weight } from '../../../graphs/graph.ts';
import type { Device } from '../device.ts';
import { type ElementType, elementBytes } from '../element-types.ts';
import type { TensorValue } from '../tensor-values.ts';

/** Memory that sessions read weights from, as it lies there. */
export interface WeightMemory {
  readonly bytes: number;
  /** Copies bytes to a place of it. @throws Error where the device refuses. */
  write(source: Uint8Array, offset: number): void;
  /** The tensor at a place of it, for sessions. */
  value(offset: number, type: ElementType, shape: readonly number[]): TensorValue;
  /** Nothing may use it afterwards. */
  free(): void;
}

/** A device as far as weights lie on it. */
export interface WeightDevice {
  /** Where sessions that convert weights compute. */
  readonly name: Device;
  /** @throws Error where there is no memory. */
  allocate(bytes: number): WeightMemory;
  /** Memory of ours from which it is written fastest, for as long as the process lives. */
  staging(bytes: number): Uint8Array;
  /** Allocates and writes when nothing else forbids it. */
  turn<Made>(work: () => Promise<Made>): Promise<Made>;
}

/** What cudaMalloc aligns to; of vectors no kernel reads more at once. */
const alignment = 256;

function weightBytes({ shape, precision }: Weight): number {
  return shape.reduce((product, side) => product * side, elementBytes(precision));
}

/** Places for weights in one piece of memory, one behind the other. */
export function arrange(weights: readonly Weight[]): { readonly offsets: number[]; readonly bytes: number } {
  let bytes = 0;
  const offsets = weights.map((weight) => {
    const offset = bytes;
    bytes += Math.ceil(weightBytes(weight) / alignment) * alignment;
    return offset;
  });
  return { offsets, bytes };
}
