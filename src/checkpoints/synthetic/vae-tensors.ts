import type { VaeConfig } from '../configs/vae-config.ts';
import { affine, resnet, type Shapes } from './shapes.ts';

/** Every tensor of diffusers' AutoencoderKL by published name. */
export function vaeTensors(config: VaeConfig): Shapes {
  const shapes: Shapes = new Map();
  const { block_out_channels: channels, latent_channels: latent, layers_per_block: layers } = config;
  const outer = channels[0]!;
  const inner = channels.at(-1)!;

  affine(shapes, 'encoder.conv_in', [outer, config.in_channels, 3, 3]);
  let width = outer;
  for (const [level, output] of channels.entries()) {
    for (let layer = 0; layer < layers; layer++) {
      resnet(shapes, `encoder.down_blocks.${level}.resnets.${layer}`, width, output);
      width = output;
    }
    if (level < channels.length - 1)
      affine(shapes, `encoder.down_blocks.${level}.downsamplers.0.conv`, [width, width, 3, 3]);
  }
  middle(shapes, 'encoder', inner);
  affine(shapes, 'encoder.conv_norm_out', [inner]);
  affine(shapes, 'encoder.conv_out', [2 * latent, inner, 3, 3]);

  affine(shapes, 'decoder.conv_in', [inner, latent, 3, 3]);
  middle(shapes, 'decoder', inner);
  width = inner;
  for (const [level, output] of channels.toReversed().entries()) {
    for (let layer = 0; layer <= layers; layer++) {
      resnet(shapes, `decoder.up_blocks.${level}.resnets.${layer}`, width, output);
      width = output;
    }
    if (level < channels.length - 1)
      affine(shapes, `decoder.up_blocks.${level}.upsamplers.0.conv`, [width, width, 3, 3]);
  }
  affine(shapes, 'decoder.conv_norm_out', [outer]);
  affine(shapes, 'decoder.conv_out', [config.out_channels, outer, 3, 3]);

  affine(shapes, 'quant_conv', [2 * latent, 2 * latent, 1, 1]);
  affine(shapes, 'post_quant_conv', [latent, latent, 1, 1]);
  return shapes;
}

function middle(shapes: Shapes, half: string, width: number): void {
  resnet(shapes, `${half}.mid_block.resnets.0`, width, width);
  affine(shapes, `${half}.mid_block.attentions.0.group_norm`, [width]);
  for (const part of ['to_q', 'to_k', 'to_v', 'to_out.0'])
    affine(shapes, `${half}.mid_block.attentions.0.${part}`, [width, width]);
  resnet(shapes, `${half}.mid_block.resnets.1`, width, width);
}
