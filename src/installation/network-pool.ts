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
  readonly network: Network;
  /** How many have it and have not released it. */
  users: number;
}

export function createNetworkPool(): NetworkPool {
  const entries = new Set<Entry>();

  const find = async (kind: string, component: Component<unknown>): Promise<Entry | undefined> => {
    for (const entry of entries)
      if (entry.kind === kind && (await haveSameWeights(entry.component, component))) return entry;
    return undefined;
  };

  /** The network leaves the device with the last who has it. */
  const lend = <Opened extends Network>(entry: Entry): Opened => {
    let isReleased = false;
    entry.users++;
    return {
      ...(entry.network as Opened),
      release: async () => {
        if (isReleased) return;
        isReleased = true;
        if (--entry.users > 0) return;
        entries.delete(entry);
        await entry.network.release();
      },
    };
  };

  return {
    open: async (kind, component, load) => {
      const found = await find(kind, component);
      // Released while the weights were compared: it is not to be had any more.
      if (found !== undefined && entries.has(found)) return lend(found);
      const entry = { kind, component, network: await load(), users: 0 };
      entries.add(entry);
      return lend(entry);
    },
  };
}
