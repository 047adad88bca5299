import type { Value } from './graph.ts';
import type { Layers } from './layers.ts';

export interface TransformerOptions {
  readonly channels: number;
  readonly heads: number;
  readonly depth: number;
  readonly groups: number;
  readonly linearProjection: boolean;
  /** What the second attention of each block reads, [batch, tokens, width]. */
  readonly context: Value;
  readonly contextWidth: number;
}

/** Fixed in diffusers, whatever the UNet's norm_eps. */
const groupNormEpsilon = 1e-6;
const layerNormEpsilon = 1e-5;
const feedForwardFactor = 4;

/**
 * Transformer2DModel of diffusers: self-attention, cross-attention and a GEGLU feed-forward per block, over
 * pixels as tokens.
 */
export function transformer(layers: Layers, path: string, map: Value, options: TransformerOptions): Value {
  const { channels, groups, linearProjection } = options;
  const project = (name: string, x: Value) =>
    linearProjection
      ? layers.linear(`${path}.${name}`, x, channels, channels)
      : layers.conv2d(`${path}.${name}`, x, channels, channels, { kernel: 1 });

  const normal = layers.groupNorm(`${path}.norm`, map, channels, { groups, epsilon: groupNormEpsilon });
  let tokens = linearProjection
    ? project('proj_in', layers.toTokens(path, normal, channels))
    : layers.toTokens(path, project('proj_in', normal), channels);
  for (let index = 0; index < options.depth; index++)
    tokens = transformerBlock(layers, `${path}.transformer_blocks.${index}`, tokens, options);
  const result = linearProjection
    ? layers.toMap(path, project('proj_out', tokens), map)
    : project('proj_out', layers.toMap(path, tokens, map));
  return layers.add(path, result, map);
}

/** BasicTransformerBlock. */
function transformerBlock(layers: Layers, path: string, tokens: Value, options: TransformerOptions): Value {
  const { channels, heads, context, contextWidth } = options;
  const norm = (name: string, x: Value) => layers.layerNorm(`${path}.${name}`, x, channels, layerNormEpsilon);

  const attend = (name: string, x: Value, memory: Value, memoryWidth: number) => {
    const at = `${path}.${name}`;
    const attended = layers.attention(
      at,
      layers.linear(`${at}.to_q`, x, channels, channels, false),
      layers.linear(`${at}.to_k`, memory, memoryWidth, channels, false),
      layers.linear(`${at}.to_v`, memory, memoryWidth, channels, false),
      heads,
    );
    return layers.linear(`${at}.to_out.0`, attended, channels, channels);
  };

  const normal = norm('norm1', tokens);
  const afterSelf = layers.add(path, attend('attn1', normal, normal, channels), tokens);
  const afterCross = layers.add(
    path,
    attend('attn2', norm('norm2', afterSelf), context, contextWidth),
    afterSelf,
  );
  const inner = feedForwardFactor * channels;
  const widened = layers.linear(`${path}.ff.net.0.proj`, norm('norm3', afterCross), channels, 2 * inner);
  const gated = layers.geglu(`${path}.ff.net.0`, widened);
  return layers.add(path, layers.linear(`${path}.ff.net.2`, gated, inner, channels), afterCross);
}
