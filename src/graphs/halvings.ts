import type { Value } from './graph.ts';

/**
 * How often the sides of a network's latents were halved on the way to a feature map; negative where they
 * were doubled.
 */
export interface Halvings {
  of(map: Value): number;
  /** Keeps that of a map which was made; returns the map. */
  keep(map: Value, halvings: number): Value;
}

/** Maps that nothing is kept of are as large as the latents. */
export function createHalvings(): Halvings {
  const kept = new Map<Value, number>();
  return {
    of: (map) => kept.get(map) ?? 0,
    keep: (map, halvings) => {
      if (halvings !== 0) kept.set(map, halvings);
      return map;
    },
  };
}
