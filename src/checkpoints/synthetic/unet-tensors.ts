import type { UnetConfig } from '../configs/unet-config.ts';
import { affine, resnet, type Shapes } from './shapes.ts';

/** Every tensor of diffusers' UNet2DConditionModel with text_time conditioning by published name. */
export function unetTensors(config: UnetConfig): Shapes {
  const shapes: Shapes = new Map();
  const channels = config.block_out_channels;
  const levels = channels.length;
  const outer = channels[0]!;
  const inner = channels.at(-1)!;
  const timeWidth = 4 * outer;
  affine(shapes, 'conv_in', [outer, config.in_channels, 3, 3]);
  affine(shapes, 'time_embedding.linear_1', [timeWidth, outer]);
  affine(shapes, 'time_embedding.linear_2', [timeWidth, timeWidth]);
  affine(shapes, 'add_embedding.linear_1', [timeWidth, config.projection_class_embeddings_input_dim]);
  affine(shapes, 'add_embedding.linear_2', [timeWidth, timeWidth]);

  // What the way up finds on the stack of skip connections, last in first out.
  const skips = [outer];
  let width = outer;
  for (const [level, output] of channels.entries()) {
    for (let layer = 0; layer < config.layers_per_block[level]!; layer++) {
      resnet(shapes, `down_blocks.${level}.resnets.${layer}`, width, output, timeWidth);
      if (config.down_block_types[level] === 'CrossAttnDownBlock2D') {
        const depth = config.transformer_layers_per_block[level]![layer]!;
        transformer(shapes, `down_blocks.${level}.attentions.${layer}`, output, depth, config);
      }
      width = output;
      skips.push(width);
    }
    if (level < levels - 1) {
      affine(shapes, `down_blocks.${level}.downsamplers.0.conv`, [width, width, 3, 3]);
      skips.push(width);
    }
  }

  if (config.mid_block_type !== null) resnet(shapes, 'mid_block.resnets.0', inner, inner, timeWidth);
  if (config.mid_block_type === 'UNetMidBlock2DCrossAttn') {
    transformer(shapes, 'mid_block.attentions.0', inner, config.mid_transformer_layers, config);
    resnet(shapes, 'mid_block.resnets.1', inner, inner, timeWidth);
  }

  for (const [level, output] of channels.toReversed().entries()) {
    for (let layer = 0; layer <= config.layers_per_block[levels - 1 - level]!; layer++) {
      resnet(shapes, `up_blocks.${level}.resnets.${layer}`, width + skips.pop()!, output, timeWidth);
      if (config.up_block_types[level] === 'CrossAttnUpBlock2D') {
        const depth = config.reverse_transformer_layers_per_block[level]![layer]!;
        transformer(shapes, `up_blocks.${level}.attentions.${layer}`, output, depth, config);
      }
      width = output;
    }
    if (level < levels - 1) affine(shapes, `up_blocks.${level}.upsamplers.0.conv`, [width, width, 3, 3]);
  }
  affine(shapes, 'conv_norm_out', [outer]);
  affine(shapes, 'conv_out', [config.out_channels, outer, 3, 3]);
  return shapes;
}

/**
 * A Transformer2DModel of `depth` BasicTransformerBlocks: self-attention, cross-attention, GEGLU
 * feed-forward.
 */
function transformer(shapes: Shapes, name: string, width: number, depth: number, config: UnetConfig): void {
  const projection = config.use_linear_projection ? [width, width] : [width, width, 1, 1];
  affine(shapes, `${name}.norm`, [width]);
  affine(shapes, `${name}.proj_in`, projection);
  for (let index = 0; index < depth; index++) {
    const block = `${name}.transformer_blocks.${index}`;
    for (const norm of ['norm1', 'norm2', 'norm3']) affine(shapes, `${block}.${norm}`, [width]);
    for (const [attention, context] of [
      ['attn1', width],
      ['attn2', config.cross_attention_dim],
    ] as const) {
      shapes.set(`${block}.${attention}.to_q.weight`, [width, width]);
      shapes.set(`${block}.${attention}.to_k.weight`, [width, context]);
      shapes.set(`${block}.${attention}.to_v.weight`, [width, context]);
      affine(shapes, `${block}.${attention}.to_out.0`, [width, width]);
    }
    affine(shapes, `${block}.ff.net.0.proj`, [8 * width, width]);
    affine(shapes, `${block}.ff.net.2`, [width, 4 * width]);
  }
  affine(shapes, `${name}.proj_out`, projection);
}
