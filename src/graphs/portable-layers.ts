import type { Value } from './graph.ts';
import { type Flavour, type Layers, unscaled } from './layers.ts';
import { preciseGroupNorm } from './precise-group-norm.ts';

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

    // A group as one "instance": the CPU provider has no GroupNorm kernel of its own.
    groupNorm: (path, map, channels, { groups, epsilon, silu = false, precise = false }) => {
      const { scale, bias } = affine(path, channels, [channels, 1, 1]);
      const withSilu = (value: Value) => (silu ? activation(path, 'silu', value) : value);
      if (precise)
        return withSilu(preciseGroupNorm(graph, path, map, { scale, bias, channels, groups, epsilon }));
      const grouped = node(path, 'Reshape', [map, integers(0, groups, -1)]);
      const ones = graph.floats(new Float32Array(groups).fill(1), [groups]);
      const zeros = graph.floats(new Float32Array(groups), [groups]);
      const normal = node(path, 'InstanceNormalization', [grouped, ones, zeros], { epsilon: { f: epsilon } });
      const whole = node(path, 'Reshape', [normal, node(path, 'Shape', [map])]);
      return withSilu(node(path, 'Add', [node(path, 'Mul', [whole, scale]), bias]));
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
