import type { GraphBuilder, Precision, Value } from './graph.ts';
import type { GroupNormOptions } from './layers.ts';

/**
 * Group normalisation of a feature map [batch, height, width, channels] in standard operators and float32,
 * without the SiLU.
 * @param precision of the feature map; gamma and beta [channels] are float32.
 */
export function plainGroupNorm(
  graph: GraphBuilder,
  path: string,
  map: Value,
  gamma: Value,
  beta: Value,
  channels: number,
  { groups, epsilon }: GroupNormOptions,
  precision: Precision,
): Value {
  const op = (name: string, ...operands: Value[]) => graph.node(path, name, operands);
  const mean = (value: Value) => op('ReduceMean', value, graph.integers(1, 3));
  const cast = (value: Value, to: number) =>
    precision === 'float32' ? value : graph.node(path, 'Cast', [value], { to: { i: to } });

  const grouped = op('Reshape', cast(map, 1), graph.integers(0, -1, groups, channels / groups));
  const centred = op('Sub', grouped, mean(grouped));
  const variance = mean(op('Mul', centred, centred));
  const deviation = op('Sqrt', op('Add', variance, graph.floats(Float32Array.of(epsilon), [1])));
  const normal = op('Reshape', op('Div', centred, deviation), op('Shape', map));
  return cast(op('Add', op('Mul', normal, gamma), beta), 10);
}
