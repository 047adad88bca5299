import { type FileHandle, open } from 'node:fs/promises';
import { readAllAt } from '../../../checkpoints/safetensors/read-at.ts';
import type { LocatedWeight } from '../../../graphs/locate-weights.ts';
import { createTurns } from '../turns.ts';
import { createWeightConverter, type WeightConverter } from './convert-weights.ts';
import type { WeightDevice, WeightMemory } from './weight-memory.ts';

/** A weight, and where in a piece of memory it belongs. */
export interface PlacedWeight {
  readonly located: LocatedWeight;
  readonly offset: number;
}

/** Copies weights out of their files to a device. */
export interface WeightCopier {
  readonly device: WeightDevice;
  /**
   * @param signal ends it between two pieces. What lies in the weights' places is then unknown, as after any
   * failure.
   * @throws Error where a file cannot be read or the device refuses; the signal's reason.
   */
  copy(memory: WeightMemory, weights: readonly PlacedWeight[], signal?: AbortSignal): Promise<void>;
}

/** As many as libuv reads files in at once; each on its way to the device while the others are read. */
const pieces = 4;
const pieceBytes = 16 * 2 ** 20;

export function createWeightCopier(device: WeightDevice): WeightCopier {
  const turns = createTurns();
  let staging: Uint8Array | undefined;
  return {
    device,
    copy: (memory, weights, signal) =>
      turns.alone(() =>
        device.turn(async () => {
          staging ??= device.staging(pieces * pieceBytes);
          const [stored, converted] = [
            weights.filter(({ located }) => located.conversions.length === 0),
            weights.filter(({ located }) => located.conversions.length > 0),
          ];
          await copyStored(memory, stored, staging, signal);
          if (converted.length === 0) return;
          const converter = createWeightConverter();
          try {
            await copyConverted(memory, converted, converter, signal);
          } finally {
            await converter.release();
          }
        }),
      ),
  };
}

interface Piece {
  readonly file: string;
  readonly from: number;
  readonly bytes: number;
  readonly offset: number;
}

/** Weights that lie in their files as they are wanted. */
async function copyStored(
  memory: WeightMemory,
  weights: readonly PlacedWeight[],
  staging: Uint8Array,
  signal: AbortSignal | undefined,
): Promise<void> {
  const list = weights.flatMap(piecesOf);
  const files = new Map<string, FileHandle>();
  try {
    for (const { file } of list) if (!files.has(file)) files.set(file, await open(file, 'r'));
    const rooms = Array.from({ length: pieces }, (_, index) =>
      staging.subarray(index * pieceBytes, (index + 1) * pieceBytes),
    );
    await forAll(rooms, list, signal, async (room, { file, from, bytes, offset }) => {
      const target = room.subarray(0, bytes);
      await readAllAt(files.get(file)!, file, target, from);
      memory.write(target, offset);
    });
  } finally {
    for (const handle of files.values()) await handle.close();
  }
}

function piecesOf({ located: { at }, offset }: PlacedWeight): Piece[] {
  const { file, byteOffset, byteLength } = at;
  return Array.from({ length: Math.ceil(byteLength / pieceBytes) }, (_, index) => {
    const start = index * pieceBytes;
    const bytes = Math.min(pieceBytes, byteLength - start);
    return { file, from: byteOffset + start, bytes, offset: offset + start };
  });
}

/** One is read while another is converted. */
async function copyConverted(
  memory: WeightMemory,
  weights: readonly PlacedWeight[],
  converter: WeightConverter,
  signal: AbortSignal | undefined,
): Promise<void> {
  await forAll([0, 1], weights, signal, async (_, { located, offset }) =>
    memory.write(await converter.convert(located), offset),
  );
}

/** Does the work of a list in as many at once as there are places. Nothing is under way when it ends. */
async function forAll<Place, Item>(
  places: readonly Place[],
  list: readonly Item[],
  signal: AbortSignal | undefined,
  work: (place: Place, item: Item) => Promise<void>,
): Promise<void> {
  const rest = list.values();
  let hasFailed = false;
  const ended = await Promise.allSettled(
    places.map(async (place) => {
      for (const item of rest) {
        if (hasFailed) return;
        try {
          signal?.throwIfAborted();
          await work(place, item);
        } catch (error) {
          hasFailed = true;
          throw error;
        }
      }
    }),
  );
  const failure = ended.find((each) => each.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}
