import { isBiasAddWidth, isGroupNormWidth, isSplitGeluWidth } from './cuda-limits.ts';
import { createMemory, sumOf } from './cuda-sums.ts';
import { deterministicGroupNorms } from './deterministic-group-norm.ts';
import type { Precision, Value } from './graph.ts';
import { createHalvings } from './halvings.ts';
import { type Flavour, type Layers, unscaled } from './layers.ts';
import { plainGroupNorm } from './plain-group-norm.ts';

const onnxType: Readonly<Record<Precision, number>> = { float32: 1, float16: 10 };

/**
 * Layers for ONNX Runtime's CUDA provider: feature maps are [batch, height, width, channels], and operators
 * of com.microsoft that have CUDA kernels compute several layers at once where cuda-limits.ts allows. All
 * inputs and outputs of the network stay float32. No size is computed by a node of its own, since such nodes
 * run on the CPU: a Shape goes straight to the node that needs it.
 * @param options `deterministic`: operators that add in the same order each time, in place of faster ones.
 */
export function cudaLayers(precision: Precision, { deterministic = false } = {}): Flavour {
  return (graph) => {
    const { node, nodes, integers } = graph;
    const memory = createMemory();
    const now = memory.current;
    const halvings = createHalvings();
    const repeatableNorm = deterministicGroupNorms(graph, precision);
    const sized = (value: Value, like: Value, more = 0) => halvings.keep(value, halvings.of(like) + more);
    const weight = (key: string, ...shape: number[]) => graph.weight(key, shape, { precision });
    const biasOf = (path: string, width: number, scale: number) =>
      graph.weight(`${path}.bias`, [width], { precision, scale });
    const cast = (path: string, value: Value, to: Precision) =>
      precision === 'float32' ? value : node(path, 'Cast', [value], { to: { i: onnxType[to] } });
    /** The kernels take scale and shift of a group normalisation in float32 only. */
    const affine = (path: string, width: number, as: Precision) =>
      ['weight', 'bias'].map((name) => graph.weight(`${path}.${name}`, [width], { precision: as }));
    const turn = (path: string, value: Value, ...perm: number[]) =>
      node(path, 'Transpose', [value], { perm: { ints: perm } });

    const activation: Layers['activation'] = (path, kind, x) => {
      if (kind === 'gelu') return node(path, 'com.microsoft.Gelu', [now(x)]);
      const alpha = { f: kind === 'silu' ? 1 : 1.702 };
      return sized(node(path, 'com.microsoft.QuickGelu', [now(x)], { alpha }), x);
    };

    return {
      precision,
      imageIn: (image, doublings = 0) =>
        halvings.keep(turn('image_in', cast('image_in', image, precision), 0, 2, 3, 1), -doublings),
      imageOut: (map) => cast('image_out', turn('image_out', now(map), 0, 3, 1, 2), 'float32'),
      valuesIn: (path, values) => cast(path, values, precision),
      valuesOut: (path, values) => cast(path, now(values), 'float32'),
      table: (key, rows, width) => weight(key, rows, width),
      crossing: (map, channels) => ({ value: now(map), precision, shape: [null, null, null, channels] }),
      activation,

      linear: (path, x, inWidth, outWidth, hasBias = true, scale = unscaled) => {
        const stored = [outWidth, inWidth];
        const operands = [now(x), graph.weight(`${path}.weight`, stored, { precision, scale: scale.weight })];
        const bare = node(path, 'com.microsoft.FusedMatMul', operands, { transB: { i: 1 } });
        if (!hasBias) return bare;
        const bias = biasOf(path, outWidth, scale.bias);
        const value = node(path, 'Add', [bare, bias]);
        return memory.keepProduct({ value, bare: () => bare, bias, width: outWidth, kind: 'tokens' });
      },

      conv2d: (path, map, inChannels, outChannels, options) => {
        const { kernel, stride = 1, padding, scale = unscaled } = options;
        const same = (kernel - 1) / 2;
        const x = padding === undefined ? now(map) : padded(path, now(map), padding);
        const stored = [outChannels, inChannels, kernel, kernel];
        const operands = [
          x,
          // A kernel of one pixel has the same bytes in both orders.
          graph.weight(`${path}.weight`, stored, {
            ...{ precision, scale: scale.weight, shape: [outChannels, kernel, kernel, inChannels] },
            channelsLast: kernel !== 1,
          }),
        ];
        const side = padding === undefined ? same : 0;
        const attributes = {
          kernel_shape: { ints: [kernel, kernel] },
          strides: { ints: [stride, stride] },
          pads: { ints: [side, side, side, side] },
          dilations: { ints: [1, 1] },
          group: { i: 1 },
        };
        const bias = biasOf(path, outChannels, scale.bias);
        let bare: Value | undefined;
        const value = node(path, 'com.microsoft.NhwcConv', [...operands, bias], attributes);
        return memory.keepProduct({
          value: sized(value, map, stride === 2 ? 1 : 0),
          bare: () => (bare ??= node(path, 'com.microsoft.NhwcConv', operands, attributes)),
          bias,
          width: outChannels,
          kind: 'map',
        });
      },

      groupNorm: (path, map, channels, options) => {
        const [gamma, beta] = affine(path, channels, 'float32') as [Value, Value];
        if (deterministic) {
          const of = { ...options, channels, halvings: halvings.of(map), gamma, beta };
          const normal = sized(repeatableNorm(path, now(map), of), map);
          return options.silu === true ? activation(path, 'silu', normal) : normal;
        }
        if (!isGroupNormWidth(channels, options.groups)) {
          const normal = plainGroupNorm(graph, path, now(map), gamma, beta, channels, options, precision);
          return options.silu === true ? activation(path, 'silu', normal) : normal;
        }
        const attributes = {
          groups: { i: options.groups },
          epsilon: { f: options.epsilon },
          activation: { i: options.silu === true ? 1 : 0 },
          channels_last: { i: 1 },
        };
        const sum = memory.sum(map);
        if (sum === undefined)
          return node(path, 'com.microsoft.GroupNorm', [now(map), gamma, beta], attributes);
        const operands = [sum.x(), gamma, beta, sum.skip, ...(sum.bias === undefined ? [] : [sum.bias])];
        const results = ['normal', 'sum'];
        const [normal, total] = nodes(path, 'com.microsoft.SkipGroupNorm', operands, results, attributes);
        memory.replace(map, total!);
        return normal!;
      },

      layerNorm: (path, x, width, epsilon) => {
        const scales = affine(path, width, precision);
        const sum = memory.sum(x);
        if (sum === undefined)
          return node(path, 'LayerNormalization', [now(x), ...scales], {
            axis: { i: -1 },
            epsilon: { f: epsilon },
          });
        const [normal, total] = nodes(
          path,
          'com.microsoft.SkipLayerNormalization',
          [sum.x(), sum.skip, ...scales, ...(sum.bias === undefined ? [] : [sum.bias])],
          // Mean and inverse deviation are not wanted.
          ['normal', '', '', 'sum'],
          { epsilon: { f: epsilon } },
        ).filter((value) => value !== '');
        memory.replace(x, total!);
        return normal!;
      },

      geglu: (path, x) => {
        const product = memory.product(x);
        if (product !== undefined && isSplitGeluWidth(product.width))
          return node(path, 'com.microsoft.BiasSplitGelu', [product.bare(), product.bias]);
        const [value, gate] = nodes(path, 'Split', [now(x)], 2, { axis: { i: -1 }, num_outputs: { i: 2 } });
        return node(path, 'Mul', [value!, activation(path, 'gelu', gate!)]);
      },

      attention: (path, query, key, value, heads, causal = false) =>
        node(path, 'com.microsoft.MultiHeadAttention', [now(query), now(key), now(value)], {
          num_heads: { i: heads },
          ...(causal ? { unidirectional: { i: 1 } } : {}),
        }),

      add: (path, a, b) => {
        const sum = sumOf(memory, now(a), now(b));
        const product = memory.product(b) ?? memory.product(a);
        const fits = product?.kind === 'tokens' && isBiasAddWidth(product.width);
        const value = fits
          ? node(path, 'com.microsoft.BiasAdd', [product.bare(), product.bias, sum.skip])
          : node(path, 'Add', [now(a), now(b)]);
        return memory.keepSum(sized(value, a), sum);
      },

      addPerChannel: (path, map, shift) => {
        const product = memory.product(map);
        const wide = node(path, 'Unsqueeze', [now(shift), integers(1, 2)]);
        return memory.keepSum(sized(node(path, 'Add', [now(map), wide]), map), {
          x: product?.bare ?? (() => now(map)),
          skip: now(shift),
          bias: product?.bias,
        });
      },

      concatChannels: (path, maps) =>
        sized(node(path, 'Concat', maps.map(now), { axis: { i: 3 } }), maps[0]!),

      // To 2n - 1 instead of 2n, nearest neighbour still takes every pixel twice, the last but once.
      upsample: (path, map, like) => {
        const twice = node(path, 'Resize', [now(map), '', graph.floats(Float32Array.of(1, 2, 2, 1), [4])], {
          mode: { s: 'nearest' },
          coordinate_transformation_mode: { s: 'asymmetric' },
          nearest_mode: { s: 'floor' },
        });
        if (like === undefined) return sized(twice, map, -1);
        const size = node(path, 'Shape', [now(like)], { start: { i: 1 }, end: { i: 3 } });
        return sized(node(path, 'Slice', [twice, integers(0, 0), size, integers(1, 2)]), like);
      },

      toTokens: (path, map, channels) => node(path, 'Reshape', [now(map), integers(0, -1, channels)]),

      toMap: (path, tokens, like) => {
        const shape = node(path, 'Shape', [now(like)]);
        const reshape = (value: Value) => node(path, 'Reshape', [value, shape]);
        const value = sized(reshape(now(tokens)), like);
        const product = memory.product(tokens);
        if (product === undefined) return value;
        return memory.keepProduct({ ...product, value, bare: () => reshape(product.bare()), kind: 'map' });
      },
    };

    function padded(path: string, map: Value, padding: readonly [number, number, number, number]): Value {
      const [top, left, bottom, right] = padding;
      return node(path, 'Pad', [map, integers(0, top, left, 0, 0, bottom, right, 0)]);
    }
  };
}
