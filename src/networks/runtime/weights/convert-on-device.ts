import type { FileHandle } from 'node:fs/promises';
import { readAllAt } from '../../../checkpoints/safetensors/read-at.ts';
import { type LocatedWeight, storedTypes } from '../../../graphs/locate-weights.ts';
import { conversionInput, convertedName, createConversions } from './convert-weights.ts';
import type { WeightDevice, WeightMemory } from './weight-memory.ts';

/** Makes weights of stored tensors on the device that they lie on, by the operators of convert-weights.ts. */
export interface DeviceConverter {
  /**
   * @param file that the stored tensor lies in. @param room nobody else uses meanwhile.
   * @throws Error where the file cannot be read or the device refuses; the signal's reason.
   */
  place(
    { located, memory, offset }: Target,
    file: FileHandle,
    room: Room,
    signal: AbortSignal | undefined,
  ): Promise<void>;
  /** Closes what only the weights so far needed. */
  rest(): Promise<void>;
}

export interface Target {
  readonly located: LocatedWeight;
  readonly memory: WeightMemory;
  readonly offset: number;
}

/** What a stored tensor comes through: memory of ours that is read into, and memory of the device. */
export interface Room {
  readonly staging: Uint8Array;
  readonly scratch: WeightMemory;
}

const mostBytes = 64 * 2 ** 20;

/**
 * Whether a weight is made on the device: convolutions that are turned to channels last, which a core does at
 * 0.1 GB a second. Casts alone are as fast on the CPU.
 */
export function isMadeOnDevice({ at, shape, conversions }: LocatedWeight): boolean {
  const isTurned = shape.length === 4 && conversions.some(({ op }) => op === 'Transpose');
  return isTurned && storedTypes[at.dtype] !== 'bfloat16' && at.byteLength <= mostBytes;
}

/** Its sessions are opened on the device at the first weight of each kind. */
export function createDeviceConverter(device: WeightDevice): DeviceConverter {
  const conversions = createConversions(device.name);
  return {
    place: async ({ located, memory, offset }, file, { staging, scratch }, signal) => {
      const { at, shape, weight } = located;
      const session = await conversions.session(located);
      const type = storedTypes[at.dtype];
      if (type === 'bfloat16') throw new Error(`${weight.key}: is not made on a device`);
      await device.turn(async () => {
        for (let from = 0; from < at.byteLength; from += staging.byteLength) {
          const piece = staging.subarray(0, Math.min(staging.byteLength, at.byteLength - from));
          await readAllAt(file, at.file, piece, at.byteOffset + from);
          scratch.write(piece, from);
        }
      });
      const stored = scratch.value(0, type, shape);
      const made = memory.value(offset, weight.precision, weight.shape);
      try {
        await session.runHeld(
          { [conversionInput(located)]: stored },
          { into: { [convertedName]: made }, signal },
        );
      } finally {
        stored.release();
        made.release();
      }
    },
    // UNets, which are exchanged, have no factors.
    rest: () =>
      conversions.release(({ conversions: steps }) => steps.every(({ factor }) => factor === undefined)),
  };
}
