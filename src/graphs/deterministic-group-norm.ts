import type { GraphBuilder, Precision, Value } from './graph.ts';
import type { GroupNormOptions } from './layers.ts';

export interface DeterministicGroupNormOptions extends GroupNormOptions {
  readonly channels: number;
  /**
   * How often the sides of the latents were halved on the way to this map; negative where they were doubled.
   * Maps of the same number are of the same size.
   */
  readonly halvings: number;
  /** Float32 [channels]. */
  readonly gamma: Value;
  readonly beta: Value;
}

/** Of a feature map [batch, height, width, channels], without the SiLU. */
export type DeterministicGroupNorm = (
  path: string,
  map: Value,
  options: DeterministicGroupNormOptions,
) => Value;

/**
 * Group normalisation whose sums are matrix products: these add in the same order each time, where
 * com.microsoft's GroupNorm adds with atomics.
 *
 * A product adds in float32 and rounds its result to the precision of the map. So that this costs nothing
 * where a mean is many deviations, the map is centred first, on its groups' means as far as float16 has them:
 * x - m is exact where x is near m. Of what remains, the mean is small and the mean square does not cancel:
 *   d = x - m,  e = mean(d),  variance = mean(d d) - e e,  y = d s + (beta - e s),  s = gamma / deviation
 * The mean squares are the diagonal of d^T d, on the tensor cores and without squares in float16 that could
 * overflow. The result is within float16's own rounding of float64, whatever the mean.
 */
export function deterministicGroupNorms(graph: GraphBuilder, precision: Precision): DeterministicGroupNorm {
  const { integers, node } = graph;
  const cast = (path: string, value: Value, to: Precision) =>
    precision === 'float32' ? value : node(path, 'Cast', [value], { to: { i: to === 'float16' ? 10 : 1 } });
  const number = (value: number) => graph.floats(Float32Array.of(value), [1]);
  const multiply = (path: string, a: Value, b: Value, how: { share?: number; turned?: 'a' | 'b' } = {}) =>
    node(path, 'com.microsoft.FusedMatMul', [a, b], {
      alpha: { f: how.share ?? 1 },
      transA: { i: how.turned === 'a' ? 1 : 0 },
      transB: { i: how.turned === 'b' ? 1 : 0 },
    });
  const shared = new Map<string, Value>();
  const once = (key: string, make: (path: string) => Value): Value => {
    const made = shared.get(key) ?? make(key);
    shared.set(key, made);
    return made;
  };

  /** Float32 [1, pixels]: a one for each pixel of the maps of a size. */
  const wideOnes = (map: Value, halvings: number): Value =>
    once(`pixels_${halvings}`, (path) => {
      const size = node(path, 'Shape', [map], { start: { i: 1 }, end: { i: 3 } });
      const plane = node(path, 'Expand', [graph.floats(Float32Array.of(1), [1, 1]), size]);
      return node(path, 'Reshape', [plane, integers(1, -1)]);
    });
  /** 1 where a channel is of a group, [channels, groups]; exact in every precision. */
  const membership = (channels: number, groups: number): Value =>
    once(`groups_${groups}_of_${channels}`, () =>
      graph.floats(
        Float32Array.from({ length: channels * groups }, (_, index) =>
          Math.floor((Math.floor(index / groups) * groups) / channels) === index % groups ? 1 : 0,
        ),
        [channels, groups],
      ),
    );
  const identity = (channels: number): Value =>
    once(`identity_${channels}`, (path) => {
      const numbers = Float32Array.from({ length: channels }, (_, index) => index);
      const sides = [graph.floats(numbers, [channels, 1]), graph.floats(numbers, [1, channels])];
      const equal = node(path, 'Equal', sides);
      return node(path, 'Cast', [equal], { to: { i: precision === 'float16' ? 10 : 1 } });
    });
  const channelOnes = (channels: number): Value =>
    once(`ones_${channels}`, (path) =>
      cast(path, graph.floats(new Float32Array(channels).fill(1), [1, channels]), precision),
    );

  return (path, map, { channels, groups, epsilon, halvings, gamma, beta }) => {
    const op = (name: string, ...operands: Value[]) => node(path, name, operands);
    /** A power of two near 1 / pixels, which it is for latents of 128 x 128: sums stay within float16. */
    const share = 2 ** (2 * halvings - 14);
    const wide = wideOnes(map, halvings);
    const ones = once(`ones_${halvings}`, (own) => cast(own, wide, precision));
    /** From sums times `share` over pixels and a group's channels to means; float32 [1, 1]. */
    const toMean = once(`mean_${halvings}_${channels}_${groups}`, (own) => {
      const pixels = once(`count_${halvings}`, (all) => multiply(all, wide, wide, { turned: 'b' }));
      return node(own, 'Div', [number(groups / (channels * share)), pixels]);
    });
    const members = membership(channels, groups);
    /** Sums [.., channels] to means of their groups, for every channel. */
    const overGroups = (sums: Value) =>
      multiply(path, op('Mul', multiply(path, sums, members), toMean), members, { turned: 'b' });

    const tokens = op('Reshape', map, integers(0, -1, channels));
    const rough = multiply(path, ones, tokens, { share });
    const centred = op('Sub', tokens, cast(path, overGroups(cast(path, rough, 'float32')), precision));

    const sum = multiply(path, ones, centred, { share });
    const products = multiply(path, centred, centred, { share, turned: 'a' });
    // All but one of the values that are added are zero.
    const squares = multiply(path, channelOnes(channels), op('Mul', products, identity(channels)));
    const both = [cast(path, sum, 'float32'), cast(path, squares, 'float32')];
    const moments = overGroups(node(path, 'Concat', both, { axis: { i: 1 } }));
    const [e, square] = graph.nodes(path, 'Split', [moments], 2, { axis: { i: 1 }, num_outputs: { i: 2 } });

    const variance = op('Relu', op('Sub', square!, op('Mul', e!, e!)));
    const scale = op('Div', gamma, op('Sqrt', op('Add', variance, number(epsilon))));
    const shift = op('Sub', beta, op('Mul', e!, scale));
    const scaled = op('Mul', centred, cast(path, scale, precision));
    return op('Reshape', op('Add', scaled, cast(path, shift, precision)), op('Shape', map));
  };
}
