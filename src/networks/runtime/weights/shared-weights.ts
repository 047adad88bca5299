import { createHash } from 'node:crypto';
import { withFiles } from '../../../checkpoints/safetensors/read-at.ts';
import { isSameTensor } from '../../../checkpoints/same-weights.ts';
import type { LocatedWeight } from '../../../graphs/locate-weights.ts';
import type { TensorValue } from '../tensor-values.ts';
import { createTurns } from '../turns.ts';
import { conversionKey } from './convert-weights.ts';
import type { WeightCopier } from './copy-weights.ts';
import { type DevicePlace, withoutPending } from './merge-on-device.ts';
import type { OwnWeights } from './own-weights.ts';
import { arrange, type WeightMemory } from './weight-memory.ts';

/** Memory that came in one piece, and goes back with the last of its tensors. */
interface Block {
  readonly memory: WeightMemory;
  users: number;
}

/** A tensor that is on the device. */
interface Held {
  readonly located: LocatedWeight;
  readonly block: Block;
  readonly offset: number;
  readonly print: string;
  users: number;
}

type Prints = Map<LocatedWeight, string>;

/**
 * One copy of each distinct tensor, of whatever networks: a checkpoint with LoRAs in some of its layers has
 * the other layers with the checkpoint. Tensors are the same by their bytes.
 */
export function createSharedWeights({ device, copy }: WeightCopier): OwnWeights {
  const byPrint = new Map<string, Set<Held>>();
  const turns = createTurns();

  /** @returns one that is there, for as long as `leave` is not called. */
  const find = async (located: LocatedWeight, print: string): Promise<Held | undefined> => {
    // It may have left while it was compared.
    for (const held of byPrint.get(print) ?? [])
      if ((await isSameTensor(held.located.at, located.at)) && byPrint.get(print)?.has(held)) {
        held.users += 1;
        return held;
      }
    return undefined;
  };
  const leave = (held: Held): void => {
    const { block, print } = held;
    if (--held.users > 0) return;
    byPrint.get(print)!.delete(held);
    if (--block.users === 0) block.memory.free();
  };
  /** What is on the device already of weights that something is to be added to. */
  const basesOf = async (weights: readonly LocatedWeight[]): Promise<Map<LocatedWeight, Held>> => {
    const bases = new Map<LocatedWeight, Held>();
    const waiting = new Map(
      weights.flatMap((located) =>
        located.pending === undefined ? [] : [[withoutPending(located), located] as const],
      ),
    );
    try {
      for (const [base, print] of await fingerprints([...waiting.keys()])) {
        const held = await find(base, print);
        if (held !== undefined) bases.set(waiting.get(base)!, held);
      }
      return bases;
    } catch (error) {
      for (const held of bases.values()) leave(held);
      throw error;
    }
  };
  /** Weights in a new piece of memory. */
  const brought = async (
    { offsets, bytes }: ReturnType<typeof arrange>,
    weights: readonly LocatedWeight[],
  ): Promise<WeightMemory> => {
    const bases = await basesOf(weights);
    let memory: WeightMemory | undefined;
    try {
      const made = await device.turn(async () => device.allocate(bytes));
      memory = made;
      const from = (located: LocatedWeight) => placeOf(bases.get(located));
      await copy(
        made,
        weights.map((located, index) => ({ located, offset: offsets[index]!, from: from(located) })),
      );
      return made;
    } catch (error) {
      memory?.free();
      throw error;
    } finally {
      for (const held of bases.values()) leave(held);
    }
  };
  const bring = async (missing: readonly LocatedWeight[], prints: Prints): Promise<Held[]> => {
    const places = arrange(missing.map(({ weight }) => weight));
    if (missing.length === 0) return [];
    const block = { memory: await brought(places, missing), users: missing.length };
    return missing.map((located, index) => {
      const print = prints.get(located)!;
      const held = { located, block, offset: places.offsets[index]!, print, users: 1 };
      byPrint.set(print, (byPrint.get(print) ?? new Set()).add(held));
      return held;
    });
  };
  /** Each tensor once more in use; those that are nowhere yet are copied to the device. */
  const hold = async (weights: readonly LocatedWeight[]): Promise<Held[]> => {
    const found = new Map<LocatedWeight, Held>();
    const prints = await fingerprints(weights);
    try {
      for (const [located, print] of prints) {
        const held = await find(located, print);
        if (held === undefined) continue;
        found.set(located, held);
      }
      const missing = weights.filter((located) => !found.has(located));
      for (const [index, held] of (await bring(missing, prints)).entries()) found.set(missing[index]!, held);
      return weights.map((located) => found.get(located)!);
    } catch (error) {
      for (const held of found.values()) leave(held);
      throw error;
    }
  };

  return {
    open: async ({ weights, open: load }) => {
      const held = await turns.alone(() => hold(weights));
      const values = Object.fromEntries(
        weights.map(({ weight }, index): [string, TensorValue] => {
          const { block, offset } = held[index]!;
          return [weight.key, block.memory.value(offset, weight.precision, weight.shape)];
        }),
      );
      let isReleased = false;
      const release = (): void => {
        if (isReleased) return;
        isReleased = true;
        for (const value of Object.values(values)) value.release();
        for (const each of held) leave(each);
      };
      try {
        const { session } = await load(values);
        return {
          ...session,
          release: async () => {
            await session.release();
            release();
          },
        };
      } catch (error) {
        release();
        throw error;
      }
    },
  };
}

const placeOf = (held: Held | undefined): DevicePlace | undefined =>
  held && { memory: held.block.memory, offset: held.offset };

/** Of both ends. */
const endBytes = 2048;

/** What tensors that are the same have in common, and others hardly ever. */
async function fingerprints(weights: readonly LocatedWeight[]): Promise<Prints> {
  const prints: Prints = new Map();
  const ends = new Uint8Array(2 * endBytes);
  await withFiles(
    weights.map(({ at }) => at.file),
    async (files) => {
      for (const located of weights) {
        const { file, byteOffset, byteLength } = located.at;
        const handle = files.get(file)!;
        const length = Math.min(endBytes, byteLength);
        ends.fill(0);
        await handle.read(ends, 0, length, byteOffset);
        await handle.read(ends, endBytes, length, byteOffset + byteLength - length);
        const kind = [conversionKey(located), located.shape, located.weight.shape, located.pending];
        prints.set(located, createHash('sha256').update(JSON.stringify(kind)).update(ends).digest('hex'));
      }
    },
  );
  return prints;
}
