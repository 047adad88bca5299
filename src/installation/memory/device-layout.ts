import type { ClipTextEncoder, Unet, VaeDecoder, VaeEncoder } from '../../networks/networks.ts';
import type { Device } from '../../networks/runtime/device.ts';
import { createTurns } from '../../networks/runtime/turns.ts';
import type { OwnWeights } from '../../networks/runtime/weights/own-weights.ts';
import { tiledDecoder, tiledEncoder } from '../../networks/vae-tiles.ts';
import type { MemoryPlan } from './memory-plans.ts';

/** Holds the networks of a worker as its memory plan says, and can go down to the next. */
export interface DeviceLayout {
  plan(): MemoryPlan;
  /** Whether UNets have their weights in memory that is not their sessions'. */
  readonly ownsWeights: boolean;
  /** Whether there is room for what loading networks at the same time takes beside them. */
  loadsTogether(): boolean;
  /**
   * The next smaller plan, which holds at once: text encoders move, all UNets but the last one used leave.
   * @returns undefined where there is none.
   */
  lower(): Promise<MemoryPlan | undefined>;
  /** Goes on with other plans, the first of which holds at once; it is no roomier than the present one. */
  replan(plans: readonly MemoryPlan[]): Promise<void>;
  /** @param open loads it on a device. */
  textEncoder(
    open: (device: Device, weights?: OwnWeights) => Promise<ClipTextEncoder>,
  ): Promise<ClipTextEncoder>;
  /** @param takesWeights whether it can have its weights in memory that it is given. */
  unet(open: (weights?: OwnWeights) => Promise<Unet>, takesWeights?: boolean): Promise<Unet>;
  vaeDecoder(open: (weights?: OwnWeights) => Promise<VaeDecoder>): Promise<VaeDecoder>;
  vaeEncoder(open: (weights?: OwnWeights) => Promise<VaeEncoder>): Promise<VaeEncoder>;
}

interface Network {
  release(): Promise<void>;
}

/** A network that may be off the device between two uses. */
interface Place<Held extends Network> {
  readonly open: () => Promise<Held>;
  /** It may still be on its way. */
  held: Promise<Held> | undefined;
}

interface UnetPlace extends Place<Unet> {
  /** Whether it has its weights in the seat, where UNets are exchanged. */
  readonly isSeated: boolean;
}

export interface LayoutOptions {
  readonly device: Device;
  /** From the chosen one down; at least one. */
  readonly plans: readonly MemoryPlan[];
  /** Whether the first of them leaves room for loading side by side; by default it does not. */
  readonly loadsTogether?: boolean;
  /** Gives unused memory back to the device. */
  readonly trim?: () => Promise<void>;
  /** Memory for weights, where networks have it outside of their sessions. */
  readonly weights?: OwnWeights | undefined;
  /** Memory that UNets have their weights in by turns where they are exchanged, so that all stay loaded. */
  readonly seat?: OwnWeights | undefined;
}

export function createDeviceLayout({
  device,
  plans: given,
  loadsTogether = false,
  trim = async () => undefined,
  weights,
  seat,
}: LayoutOptions): DeviceLayout {
  let plans = given;
  const plan = (): MemoryPlan => plans[0]!;
  const turns = createTurns();
  const texts = new Set<Place<ClipTextEncoder>>();
  const unets = new Set<UnetPlace>();
  let lastUnet: UnetPlace | undefined;
  /** The kind of network that has computed last. */
  let lastKind: 'text' | 'unet' | 'vae' | undefined;

  const begin = async (kind: NonNullable<typeof lastKind>): Promise<void> => {
    const isOther = lastKind !== undefined && lastKind !== kind;
    lastKind = kind;
    if (isOther && plan().trimsArena) await trim();
  };
  const putAway = async (place: Place<Network>): Promise<void> => {
    const { held } = place;
    place.held = undefined;
    const network = await held?.catch(() => undefined);
    await network?.release();
  };
  /** All UNets that cannot be on the device together with this one. */
  const putOthersAway = async (but: UnetPlace | undefined): Promise<void> => {
    const others = [...unets].filter(
      (place) => place !== but && place.held !== undefined && !(place.isSeated && but?.isSeated),
    );
    for (const place of others) await putAway(place);
    if (others.length > 0) await trim();
  };
  const present = <Held extends Network>(place: Place<Held>): Promise<Held> => {
    if (place.held !== undefined) return place.held;
    const opening = place.open().catch((error: unknown) => {
      if (place.held === opening) place.held = undefined;
      throw error;
    });
    place.held = opening;
    return opening;
  };
  const goOnWith = async (next: readonly MemoryPlan[]): Promise<void> => {
    const before = plan();
    plans = next;
    if (plan().textOnCpu && !before.textOnCpu) for (const place of texts) await putAway(place);
    if (plan().exchangesUnets && !before.exchangesUnets) {
      // What was captured as a CUDA graph keeps its part of the arena, and comes again without.
      const isCaptured = (await lastUnet?.held)?.capture !== undefined;
      await putOthersAway(isCaptured || lastUnet?.isSeated ? undefined : lastUnet);
    }
    await trim();
  };
  /** Where UNets are exchanged one at a time, so that none leaves while it is on its way. */
  const unetAt = async (place: UnetPlace): Promise<Unet> => {
    const presentBesideOthers = async () => {
      if (plan().exchangesUnets) return undefined;
      lastUnet = place;
      return present(place);
    };
    const presentInTurn = async () => {
      await putOthersAway(place);
      lastUnet = place;
      return present(place);
    };
    return (await turns.shared(presentBesideOthers)) ?? turns.alone(presentInTurn);
  };

  return {
    plan,
    ownsWeights: weights !== undefined,
    loadsTogether: () => loadsTogether && plan() === given[0],
    lower: () =>
      turns.alone(async () => {
        if (plans.length === 1) return undefined;
        await goOnWith(plans.slice(1));
        return plan();
      }),
    replan: (next) => turns.alone(() => goOnWith(next)),
    textEncoder: async (open) => {
      const place: Place<ClipTextEncoder> = {
        open: () => (plan().textOnCpu ? open('cpu') : open(device, weights)),
        held: undefined,
      };
      texts.add(place);
      const encoder = await present(place).catch((error: unknown) => {
        texts.delete(place);
        throw error;
      });
      return {
        ...encoder,
        encodePrompt: async (ids, options) => {
          if (!plan().textOnCpu) await begin('text');
          return (await turns.alone(() => present(place))).encodePrompt(ids, options);
        },
        release: () => {
          texts.delete(place);
          return putAway(place);
        },
      };
    },
    unet: async (open, takesWeights = false) => {
      const place: UnetPlace = {
        open: () => open(plan().exchangesUnets && seat !== undefined ? seat : weights),
        held: undefined,
        isSeated: takesWeights && seat !== undefined,
      };
      unets.add(place);
      const { capture, ...unet } = await unetAt(place).catch((error: unknown) => {
        unets.delete(place);
        if (lastUnet === place) lastUnet = undefined;
        throw error;
      });
      return {
        ...unet,
        ...(capture !== undefined && !plan().trimsArena && { capture }),
        predictNoise: async (input, signal) => {
          await begin('unet');
          return (await unetAt(place)).predictNoise(input, signal);
        },
        release: () => {
          unets.delete(place);
          return putAway(place);
        },
      };
    },
    vaeDecoder: async (open) => {
      const decoder = tiledDecoder(await open(weights), () => plan().tilesVae);
      return {
        ...decoder,
        decode: async (...given) => {
          await begin('vae');
          return decoder.decode(...given);
        },
      };
    },
    vaeEncoder: async (open) => {
      const encoder = tiledEncoder(await open(weights), () => plan().tilesVae);
      return {
        ...encoder,
        encode: async (...given) => {
          await begin('vae');
          return encoder.encode(...given);
        },
      };
    },
  };
}
