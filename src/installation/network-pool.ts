import type { Component } from '../checkpoints/checkpoint.ts';
import { haveSameWeights } from '../checkpoints/same-weights.ts';

interface Network {
  release(): Promise<void>;
}

/** Networks that are loaded, so that one with the same weights is not loaded again. */
export interface NetworkPool {
  /**
   * The network of a component: one that is loaded already where its weights are the same to the bit (base,
   * refiner and their relatives mostly share the second text encoder, and often the VAE), else a new one.
   * @param kind what else decides what is loaded: the half of a VAE, options.
   */
  open<Opened extends Network>(
    kind: string,
    component: Component<unknown>,
    load: () => Promise<Opened>,
  ): Promise<Opened>;
}

interface Entry {
  readonly kind: string;
  readonly component: Component<unknown>;
  /** It may still be on its way. */
  readonly network: Promise<Network>;
  /** How many have it, or wait for it, and have not released it. */
  users: number;
}

export function createNetworkPool(): NetworkPool {
  const entries = new Set<Entry>();

  /** The network leaves the device with the last who has it; one that cannot be loaded is nobody's. */
  const lend = async <Opened extends Network>(entry: Entry): Promise<Opened> => {
    let isReleased = false;
    entry.users++;
    const network = (await entry.network.catch((error: unknown) => {
      entries.delete(entry);
      throw error;
    })) as Opened;
    return {
      ...network,
      release: async () => {
        if (isReleased) return;
        isReleased = true;
        if (--entry.users > 0) return;
        entries.delete(entry);
        await network.release();
      },
    };
  };

  return {
    open: async (kind, component, load) => {
      const others = new Set<Entry>();
      for (;;) {
        const candidate = [...entries].find((entry) => entry.kind === kind && !others.has(entry));
        if (candidate === undefined) break;
        // Released while the weights were compared, it is not to be had any more.
        if ((await haveSameWeights(candidate.component, component)) && entries.has(candidate))
          return lend(candidate);
        others.add(candidate);
      }
      // Nothing was awaited since the last look: who wants the same at once finds this one.
      const entry = { kind, component, network: load(), users: 0 };
      entries.add(entry);
      return lend(entry);
    },
  };
}
