import type { GraphBuilder, Value } from './graph.ts';

export interface PreciseGroupNormOptions {
  /** [channels, 1, 1]. */
  readonly scale: Value;
  readonly bias: Value;
  readonly channels: number;
  readonly groups: number;
  readonly epsilon: number;
}

/**
 * Group normalisation of a feature map [batch, channels, height, width] in standard operators and float32.
 * Means of rows, of columns, then of channels are short sums, and the variance of centred values does not
 * cancel: over the millions of values of a large smooth picture the result is as close to float64 as float32
 * can be, where one sum over all of them is not. It passes over the map more often.
 */
export function preciseGroupNorm(
  graph: GraphBuilder,
  path: string,
  map: Value,
  { scale, bias, channels, groups, epsilon }: PreciseGroupNormOptions,
): Value {
  const { integers } = graph;
  const op = (name: string, ...operands: Value[]) => graph.node(path, name, operands);
  const mean = (values: Value, axis: number) => op('ReduceMean', values, integers(axis));
  const meanOfGroups = (values: Value) => {
    const ofChannels = op('Reshape', mean(mean(values, 3), 2), integers(0, groups, -1));
    return op('Reshape', mean(ofChannels, 2), integers(0, groups, 1, 1));
  };
  const grouped = op('Reshape', map, integers(0, groups, channels / groups, -1));
  const centred = op('Reshape', op('Sub', grouped, meanOfGroups(map)), op('Shape', map));
  const variance = meanOfGroups(op('Mul', centred, centred));
  const shifted = op('Add', variance, graph.floats(Float32Array.of(epsilon), [1]));
  const perGroup = op('Expand', op('Reciprocal', op('Sqrt', shifted)), integers(1, 1, channels / groups, 1));
  const perChannel = op('Reshape', perGroup, integers(0, channels, 1, 1));
  return op('Add', op('Mul', centred, op('Mul', perChannel, scale)), bias);
}
