import { availableParallelism } from 'node:os';
import { readAllAt, withFiles } from '../../../checkpoints/safetensors/read-at.ts';
import type { LocatedWeight } from '../../../graphs/locate-weights.ts';
import { createTurns } from '../turns.ts';
import {
  createDeviceConverter,
  type DeviceConverter,
  isMadeOnDevice,
  type Room,
} from './convert-on-device.ts';
import { createWeightConverter } from './convert-weights.ts';
import {
  createDeviceMerger,
  type DeviceMerger,
  type DevicePlace,
  withoutPending,
} from './merge-on-device.ts';
import type { WeightDevice, WeightMemory } from './weight-memory.ts';

/** A weight, and where in a piece of memory it belongs. */
export interface PlacedWeight {
  readonly located: LocatedWeight;
  readonly offset: number;
  /** Where the device has it already, but for what is pending. */
  readonly from?: DevicePlace | undefined;
}

/** Copies weights out of their files to a device, and adds there what is pending. */
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

/** Weights that are converted on the CPU at once, each by one thread. */
const converting = Math.max(2, Math.min(8, Math.floor(availableParallelism() / 2)));

/** Takes its staging memory at the first copy. */
export function createWeightCopier(device: WeightDevice): WeightCopier {
  const turns = createTurns();
  const converter = createDeviceConverter(device);
  const merger = createDeviceMerger(device);
  let staging: Uint8Array | undefined;
  const rooms = (): Uint8Array[] => {
    staging ??= device.staging(pieces * pieceBytes);
    const whole = staging;
    return Array.from({ length: pieces }, (_, index) =>
      whole.subarray(index * pieceBytes, (index + 1) * pieceBytes),
    );
  };
  return {
    device,
    copy: (memory, weights, signal) =>
      turns.alone(async () => {
        const waiting = weights.filter(({ located }) => located.pending !== undefined);
        const bases = waiting.map((each) => ({ ...each, located: withoutPending(each.located) }));
        const others = weights.filter(({ located }) => located.pending === undefined);
        const wanted = [...others, ...bases.filter(({ from }) => from === undefined)];
        const {
          stored = [],
          onDevice = [],
          onCpu = [],
        } = Object.groupBy(wanted, ({ located }) => {
          if (located.conversions.length === 0) return 'stored';
          return isMadeOnDevice(located) ? 'onDevice' : 'onCpu';
        });
        await device.turn(() => copyStored(memory, stored, rooms(), signal));
        if (onDevice.length > 0)
          await convertOnDevice(memory, onDevice, rooms(), { device, converter }, signal);
        if (onCpu.length > 0) await device.turn(() => convertOnCpu(memory, onCpu, signal));
        await merge(memory, waiting, merger, signal);
      }),
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
  rooms: readonly Uint8Array[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const list = weights.flatMap(piecesOf);
  await withFiles(
    list.map(({ file }) => file),
    (files) =>
      forAll(rooms, list, signal, async (room, { file, from, bytes, offset }) => {
        const target = room.subarray(0, bytes);
        await readAllAt(files.get(file)!, file, target, from);
        memory.write(target, offset);
      }),
  );
}

/** Weights that the device makes of what lies in their files, which comes to it a tensor at a time. */
async function convertOnDevice(
  memory: WeightMemory,
  weights: readonly PlacedWeight[],
  rooms: readonly Uint8Array[],
  { device, converter }: { readonly device: WeightDevice; readonly converter: DeviceConverter },
  signal: AbortSignal | undefined,
): Promise<void> {
  const largest = Math.max(...weights.map(({ located }) => located.at.byteLength));
  const scratches: Room[] = [];
  try {
    await device.turn(async () => {
      for (const staging of rooms) scratches.push({ staging, scratch: device.allocate(largest) });
    });
    await withFiles(
      weights.map(({ located }) => located.at.file),
      (files) =>
        forAll(scratches, weights, signal, (room, { located, offset }) =>
          converter.place({ located, memory, offset }, files.get(located.at.file)!, room, signal),
        ),
    );
  } finally {
    for (const { scratch } of scratches) scratch.free();
    await converter.rest();
  }
}

/** The next one's factors are read while one is added. */
async function merge(
  memory: WeightMemory,
  weights: readonly PlacedWeight[],
  merger: DeviceMerger,
  signal: AbortSignal | undefined,
): Promise<void> {
  await forAll([merger, merger], weights, signal, (own, { located, offset, from }) => {
    const to = { memory, offset };
    return own.merge(located, from ?? to, to, signal);
  });
}

function piecesOf({ located: { at }, offset }: PlacedWeight): Piece[] {
  const { file, byteOffset, byteLength } = at;
  return Array.from({ length: Math.ceil(byteLength / pieceBytes) }, (_, index) => {
    const start = index * pieceBytes;
    const bytes = Math.min(pieceBytes, byteLength - start);
    return { file, from: byteOffset + start, bytes, offset: offset + start };
  });
}

/** Each converter reads one while the others convert. */
async function convertOnCpu(
  memory: WeightMemory,
  weights: readonly PlacedWeight[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const converters = Array.from({ length: Math.min(converting, weights.length) }, createWeightConverter);
  try {
    await forAll(converters, weights, signal, async (converter, { located, offset }) =>
      memory.write(await converter.convert(located), offset),
    );
  } finally {
    for (const converter of converters) await converter.release();
  }
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
