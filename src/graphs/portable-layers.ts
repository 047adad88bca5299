import type { Value } from './graph.ts';
import { type Flavour, type Layers, unscaled } from './layers.ts';

/**
 * Layers in float32 with standard operators, and of com.microsoft only those that the CPU provider implements
 * and that measured faster. Feature maps are [batch, channels, height, width].
 */
export const portableLayers: Flavour = (graph) => {
  const { node, weight, integers } = graph;
  const affine = (path: string, channels: number, shape: readonly number[] = [channels]) => ({
    scale: weight(`${path}.weight`, [channels], { shape }),
    bias: weight(`${path}.bias`, [channels], { shape }),
  });

  const shape = (path: string, map: Value, start: number, end: number) =>
    node(path, 'Shape', [map], { start: { i: start }, end: { i: end } });

  const activation: Layers['activation'] = (path, kind, x) => {
    if (kind === 'gelu') return node(path, 'com.microsoft.Gelu', [x]);
    // x * sigmoid(alpha x): alpha = 1 is SiLU.
    return node(path, 'com.microsoft.QuickGelu', [x], { alpha: { f: kind === 'silu' ? 1 : 1.702 } });
  };

  return {
    precision: 'float32',
    imageIn: (image) => image,
    imageOut: (map) => map,
    valuesIn: (_, values) => values,
    valuesOut: (_, values) => values,
    table: (key, rows, width) => weight(key, [rows, width]),
    crossing: (map, channels) => ({
      value: map,
      precision: 'float32',
      shape: [null, channels, null, null],
    }),
    activation,

    // The weight stays [out, in] as published; FusedMatMul reads it transposed without a copy.
    linear: (path, x, inWidth, outWidth, hasBias = true, scale = unscaled) => {
      const operands = [x, weight(`${path}.weight`, [outWidth, inWidth], { scale: scale.weight })];
      const product = node(path, 'com.microsoft.FusedMatMul', operands, { transB: { i: 1 } });
      if (!hasBias) return product;
      return node(path, 'Add', [product, weight(`${path}.bias`, [outWidth], { scale: scale.bias })]);
    },

    conv2d: (path, map, inChannels, outChannels, options) => {
      const { kernel, stride = 1, padding, scale = unscaled } = options;
      const same = (kernel - 1) / 2;
      return node(
        path,
        'Conv',
        [
          map,
          weight(`${path}.weight`, [outChannels, inChannels, kernel, kernel], { scale: scale.weight }),
          weight(`${path}.bias`, [outChannels], { scale: scale.bias }),
        ],
        {
          kernel_shape: { ints: [kernel, kernel] },
          strides: { ints: [stride, stride] },
          pads: { ints: padding ?? [same, same, same, same] },
        },
      );
    },

    // The CPU provider has no GroupNorm kernel of its own, and its InstanceNormalization, a group as one
    // instance, adds millions of values in one float32. Means of rows, of columns, then of channels are short
    // sums, and the variance of centred values does not cancel.
    groupNorm: (path, map, channels, { groups, epsilon, silu = false }) => {
      const { scale, bias } = affine(path, channels, [channels, 1, 1]);
      const mean = (values: Value, axis: number) => node(path, 'ReduceMean', [values, integers(axis)]);
      const meanOfGroups = (values: Value) => {
        const ofChannels = node(path, 'Reshape', [mean(mean(values, 3), 2), integers(0, groups, -1)]);
        return node(path, 'Reshape', [mean(ofChannels, 2), integers(0, groups, 1, 1)]);
      };
      const grouped = node(path, 'Reshape', [map, integers(0, groups, channels / groups, -1)]);
      const centred = node(path, 'Reshape', [
        node(path, 'Sub', [grouped, meanOfGroups(map)]),
        node(path, 'Shape', [map]),
      ]);
      const variance = meanOfGroups(node(path, 'Mul', [centred, centred]));
      const shifted = node(path, 'Add', [variance, graph.floats(Float32Array.of(epsilon), [1])]);
      const perGroup = node(path, 'Expand', [
        node(path, 'Reciprocal', [node(path, 'Sqrt', [shifted])]),
        integers(1, 1, channels / groups, 1),
      ]);
      const perChannel = node(path, 'Reshape', [perGroup, integers(0, channels, 1, 1)]);
      const scaled = node(path, 'Mul', [centred, node(path, 'Mul', [perChannel, scale])]);
      const result = node(path, 'Add', [scaled, bias]);
      return silu ? activation(path, 'silu', result) : result;
    },

    layerNorm: (path, x, width, epsilon) => {
      const { scale, bias } = affine(path, width);
      return node(path, 'LayerNormalization', [x, scale, bias], { axis: { i: -1 }, epsilon: { f: epsilon } });
    },

    geglu: (path, x) => {
      const [value, gate] = graph.nodes(path, 'Split', [x], 2, { axis: { i: -1 }, num_outputs: { i: 2 } });
      return node(path, 'Mul', [value!, activation(path, 'gelu', gate!)]);
    },

    attention: (path, query, key, value, heads, causal = false) =>
      node(path, 'com.microsoft.MultiHeadAttention', [query, key, value], {
        num_heads: { i: heads },
        ...(causal ? { unidirectional: { i: 1 } } : {}),
      }),

    add: (path, a, b) => node(path, 'Add', [a, b]),
    addPerChannel: (path, map, shift) =>
      node(path, 'Add', [map, node(path, 'Unsqueeze', [shift, integers(2, 3)])]),
    concatChannels: (path, maps) => node(path, 'Concat', maps, { axis: { i: 1 } }),

    // To 2n - 1 instead of 2n, nearest neighbour still takes every pixel twice, the last but once.
    upsample: (path, map, like) => {
      const size =
        like === undefined
          ? [graph.floats(Float32Array.of(1, 1, 2, 2), [4])]
          : ['', node(path, 'Concat', [shape(path, map, 0, 2), shape(path, like, 2, 4)], { axis: { i: 0 } })];
      return node(path, 'Resize', [map, '', ...size], {
        mode: { s: 'nearest' },
        coordinate_transformation_mode: { s: 'asymmetric' },
        nearest_mode: { s: 'floor' },
      });
    },

    toTokens: (path, map) =>
      node(path, 'Transpose', [node(path, 'Reshape', [map, integers(0, 0, -1)])], {
        perm: { ints: [0, 2, 1] },
      }),

    toMap: (path, tokens, like) =>
      node(path, 'Reshape', [
        node(path, 'Transpose', [tokens], { perm: { ints: [0, 2, 1] } }),
        node(path, 'Shape', [like]),
      ]),
  };
};
