import type { GraphBuilder, Value } from './graph.ts';

/**
 * Powers of two that let half of an AutoencoderKL compute in float16. SDXL's activations reach 1e5 where
 * float16 ends at 65504. Between two group normalisations everything is linear: with the tensors that write
 * into the residual stream multiplied by `stream`, the biases of those that carry it on likewise, and the
 * epsilons of the norms that read it by its square, the same function is computed on a stream that many times
 * as large; so for the values between the two convolutions of a residual block. A power of two changes no
 * mantissa, so that in float32 not a bit of the result changes.
 */
export interface VaeScales {
  readonly stream: number;
  /** Of what a residual block's first convolution gives, by the block's path. */
  readonly hidden: ReadonlyMap<string, number>;
}

export const noScales: VaeScales = { stream: 1, hidden: new Map() };

/**
 * Where the largest activation seen is brought: 2^6 below float16's largest, 2^23 above its smallest normal.
 */
const wanted = 2 ** 9;

/** 2^-k that brings `largest` to at most 2^9; 1 where it is there already: scaling up would gain nothing. */
function scaleFor(largest: number): number {
  return Math.min(1, 2 ** -Math.ceil(Math.log2(largest / wanted)));
}

/** Name of the residual stream among what is watched. */
export const streamName = 'stream';

/**
 * Scales from the largest absolute values that watched places took.
 * @throws Error where one is not finite.
 */
export function scalesFrom(largest: ReadonlyMap<string, number>): VaeScales {
  for (const [place, value] of largest)
    if (!Number.isFinite(value)) throw new Error(`activations at ${place} reach ${value} in float32`);
  const hidden = [...largest].filter(([place]) => place !== streamName);
  return {
    stream: scaleFor(largest.get(streamName) ?? 0),
    hidden: new Map(hidden.map(([place, value]) => [place, scaleFor(value)])),
  };
}

/** Collects the largest absolute values of places in a graph; `finish` gives them out as one list. */
export interface Watch {
  at(place: string, map: Value): void;
  /** The output `largest`, and the place of each of its numbers. */
  finish(): readonly string[];
}

export function createWatch(graph: GraphBuilder): Watch {
  const places: string[] = [];
  const values: Value[] = [];
  return {
    at: (place, map) => {
      const size = graph.node(`${place}.largest`, 'Abs', [map]);
      const largest = graph.node(`${place}.largest`, 'ReduceMax', [size], { keepdims: { i: 0 } });
      places.push(place);
      values.push(graph.node(`${place}.largest`, 'Reshape', [largest, graph.integers(1)]));
    },
    finish: () => {
      const all = graph.node('largest', 'Concat', values, { axis: { i: 0 } });
      graph.output('largest', all, [places.length]);
      return places;
    },
  };
}
