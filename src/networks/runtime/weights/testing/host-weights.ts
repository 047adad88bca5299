import { loadLibrary } from '../../library.ts';
import { valueOver } from '../../tensor-values.ts';
import type { WeightDevice, WeightMemory } from '../weight-memory.ts';

/** The machine's own memory in place of a device's. */
export interface HostWeights extends WeightDevice {
  /** Bytes that are allocated now. */
  taken(): number;
  /** Bytes that were written in all. */
  written(): number;
  /** Tensors for sessions that were not released. */
  values(): number;
}

export function hostWeights(): HostWeights {
  let [taken, written, values] = [0, 0, 0];
  return {
    name: 'cpu',
    taken: () => taken,
    written: () => written,
    values: () => values,
    allocate: (bytes): WeightMemory => {
      const memory = new Uint8Array(bytes);
      taken += bytes;
      return {
        bytes,
        write: (source, offset) => {
          memory.set(source, offset);
          written += source.byteLength;
        },
        value: (offset, type, shape) => {
          const length = shape.reduce((product, side) => product * side, 1);
          const Elements = type === 'float16' ? Float16Array : Float32Array;
          const value = valueOver(loadLibrary(), {
            data: new Elements(memory.buffer, offset, length),
            shape,
          });
          values += 1;
          return {
            ...value,
            release: () => {
              values -= 1;
              value.release();
            },
          };
        },
        free: () => {
          taken -= bytes;
          memory.fill(0xff);
        },
      };
    },
    staging: (bytes) => new Uint8Array(bytes),
    turn: (work) => work(),
  };
}
