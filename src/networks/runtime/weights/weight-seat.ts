import type { LocatedWeight } from '../../../graphs/locate-weights.ts';
import type { NetworkSession } from '../network-session.ts';
import { createTurns } from '../turns.ts';
import { conversionKey } from './convert-weights.ts';
import type { WeightCopier } from './copy-weights.ts';
import { withoutPending } from './merge-on-device.ts';
import type { GivenNetwork, OwnWeights, WeightValues } from './own-weights.ts';
import { arrange, type WeightMemory } from './weight-memory.ts';

/** The session of an architecture, over the memory of the seat. */
interface Seated {
  readonly session: NetworkSession;
  readonly values: WeightValues;
  readonly offsets: readonly number[];
  /** Whose it is alone, as some of its weights are the session's own. */
  readonly owner: GivenNetwork | undefined;
}

/**
 * One piece of memory that networks have their weights in by turns: as much as the largest of them needs. A
 * network whose turn comes has its weights copied there; its session, warm as it is, stays, and is one for
 * all networks of an architecture. Runs must not be wanted of two networks at a time without end: each
 * exchange moves gigabytes.
 * @param leastBytes of the largest network that is known to come.
 */
export function createWeightSeat({ device, copy }: WeightCopier, leastBytes = 0): OwnWeights {
  const turns = createTurns();
  /** Those that are open, each with the places of its weights in their order. */
  const networks = new Map<GivenNetwork, readonly string[]>();
  const sessions = new Map<string, Seated>();
  let memory: WeightMemory | undefined;
  /** Whose weights lie there, and which of them are whole. */
  let present: { readonly seated: Seated; readonly places: Map<string, string> } | undefined;

  const close = async (architecture: string, { session, values }: Seated): Promise<void> => {
    sessions.delete(architecture);
    await session.release();
    for (const value of Object.values(values)) value.release();
  };
  const clear = async (): Promise<void> => {
    for (const [architecture, seated] of sessions) await close(architecture, seated);
    memory?.free();
    [memory, present] = [undefined, undefined];
  };
  const seat = async (network: GivenNetwork): Promise<Seated> => {
    const { architecture, weights } = network;
    const known = sessions.get(architecture);
    if (known !== undefined) {
      if (known.owner === undefined || known.owner === network) return known;
      await close(architecture, known);
    }
    const { offsets, bytes } = arrange(weights.map(({ weight }) => weight));
    if (memory !== undefined && memory.bytes < bytes) await clear();
    memory ??= await device.turn(async () => device.allocate(Math.max(bytes, leastBytes)));
    const at = memory;
    const values = Object.fromEntries(
      weights.map(({ weight: { key, precision, shape } }, index) => [
        key,
        at.value(offsets[index]!, precision, shape),
      ]),
    );
    const { session, refused } = await network.open(values).catch((error: unknown) => {
      for (const value of Object.values(values)) value.release();
      throw error;
    });
    const seated = { session, values, offsets, owner: refused.length > 0 ? network : undefined };
    sessions.set(architecture, seated);
    return seated;
  };
  const takeSeat = async (network: GivenNetwork, signal?: AbortSignal): Promise<NetworkSession> => {
    const seated = await seat(network);
    if (present?.seated !== seated) present = { seated, places: new Map() };
    const { places } = present;
    const wanted = networks.get(network)!;
    const at = memory!;
    const missing = network.weights
      .map((located, index) => ({ located, offset: seated.offsets[index]!, place: wanted[index]! }))
      .filter(({ located, place }) => places.get(located.weight.key) !== place)
      .map((each) => ({
        ...each,
        from: isBaseThere(each.located, places) ? { memory: at, offset: each.offset } : undefined,
      }));
    for (const { located } of missing) places.delete(located.weight.key);
    if (missing.length > 0) await copy(at, missing, signal);
    for (const { located, place } of missing) places.set(located.weight.key, place);
    return seated.session;
  };

  return {
    open: async (network) => {
      networks.set(network, network.weights.map(placeOf));
      const leave = (): Promise<void> =>
        turns.alone(async () => {
          if (networks.delete(network) && networks.size === 0) await clear();
        });
      const { warmedUp } = await turns
        .alone(() => takeSeat(network))
        .catch(async (error: unknown) => {
          await leave();
          throw error;
        });
      return {
        warmedUp,
        run: (inputs, signal, targets) =>
          turns.alone(async () => {
            if (!networks.has(network)) throw new Error('the session is released');
            return (await takeSeat(network, signal)).run(inputs, signal, targets);
          }),
        release: leave,
      };
    },
  };
}

/** Where a weight comes from, and what is made of it. */
function placeOf(located: LocatedWeight): string {
  const { file, byteOffset } = located.at;
  return JSON.stringify([file, byteOffset, conversionKey(located), located.pending]);
}

/** Whether what is pending for a weight can be added to what lies in its place. */
function isBaseThere(located: LocatedWeight, places: ReadonlyMap<string, string>): boolean {
  if (located.pending === undefined) return false;
  return places.get(located.weight.key) === placeOf(withoutPending(located));
}
