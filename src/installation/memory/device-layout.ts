import type { ClipTextEncoder, Unet, VaeDecoder, VaeEncoder } from '../../networks/networks.ts';
import type { Device } from '../../networks/runtime/device.ts';
import { createTurns } from '../../networks/runtime/turns.ts';
import { tiledDecoder, tiledEncoder } from '../../networks/vae-tiles.ts';
import type { MemoryPlan } from './memory-plans.ts';

/** Holds the networks of a worker as its memory plan says, and can go down to the next. */
export interface DeviceLayout {
  plan(): MemoryPlan;
  /**
   * The next smaller plan, which holds at once: text encoders move, all UNets but the last one used leave.
   * @returns undefined where there is none.
   */
  lower(): Promise<MemoryPlan | undefined>;
  /** @param open loads it on a device. */
  textEncoder(open: (device: Device) => Promise<ClipTextEncoder>): Promise<ClipTextEncoder>;
  unet(open: () => Promise<Unet>): Promise<Unet>;
  vaeDecoder(open: () => Promise<VaeDecoder>): Promise<VaeDecoder>;
  vaeEncoder(open: () => Promise<VaeEncoder>): Promise<VaeEncoder>;
}

interface Network {
  release(): Promise<void>;
}

/** A network that may be off the device between two uses. */
interface Place<Held extends Network> {
  readonly open: () => Promise<Held>;
  held: Held | undefined;
}

export interface LayoutOptions {
  readonly device: Device;
  /** From the chosen one down; at least one. */
  readonly plans: readonly MemoryPlan[];
  /** Gives unused memory back to the device. */
  readonly trim?: () => Promise<void>;
}

export function createDeviceLayout({
  device,
  plans,
  trim = async () => undefined,
}: LayoutOptions): DeviceLayout {
  let level = 0;
  const plan = (): MemoryPlan => plans[level]!;
  const turns = createTurns();
  const texts = new Set<Place<ClipTextEncoder>>();
  const unets = new Set<Place<Unet>>();
  let lastUnet: Place<Unet> | undefined;
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
    await held?.release();
  };
  const putOthersAway = async (but: Place<Unet> | undefined): Promise<void> => {
    const others = [...unets].filter((place) => place !== but && place.held !== undefined);
    for (const place of others) await putAway(place);
    if (others.length > 0) await trim();
  };
  const present = async <Held extends Network>(place: Place<Held>): Promise<Held> => {
    place.held ??= await place.open();
    return place.held;
  };
  /** One at a time, so that no network leaves while it is on its way. */
  const unetAt = (place: Place<Unet>): Promise<Unet> =>
    turns.alone(async () => {
      if (plan().exchangesUnets) await putOthersAway(place);
      lastUnet = place;
      return present(place);
    });

  return {
    plan,
    lower: () =>
      turns.alone(async () => {
        if (level + 1 === plans.length) return undefined;
        const before = plan();
        level += 1;
        if (plan().textOnCpu && !before.textOnCpu) for (const place of texts) await putAway(place);
        // What was captured as a CUDA graph keeps its part of the arena, and comes again without.
        const isCaptured = lastUnet?.held?.capture !== undefined && plan().trimsArena && !before.trimsArena;
        if (plan().exchangesUnets) await putOthersAway(isCaptured ? undefined : lastUnet);
        await trim();
        return plan();
      }),
    textEncoder: async (open) => {
      const place: Place<ClipTextEncoder> = {
        open: () => open(plan().textOnCpu ? 'cpu' : device),
        held: undefined,
      };
      texts.add(place);
      const encoder = await present(place);
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
    unet: async (open) => {
      const place: Place<Unet> = { open, held: undefined };
      unets.add(place);
      const { capture, ...unet } = await unetAt(place);
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
      const decoder = tiledDecoder(await open(), () => plan().tilesVae);
      return {
        ...decoder,
        decode: async (...given) => {
          await begin('vae');
          return decoder.decode(...given);
        },
      };
    },
    vaeEncoder: async (open) => {
      const encoder = tiledEncoder(await open(), () => plan().tilesVae);
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
