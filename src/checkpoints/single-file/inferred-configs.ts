import type { TensorLocation } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { publishedBase } from '../configs/published-configs.ts';
import type { JsonObject } from '../json-file.ts';

/** Tensors of one network by published name. */
export type Tensors = ReadonlyMap<string, TensorLocation>;

/** Width of one attention head in SDXL's UNets and both text encoders; no shape shows it. */
const headWidth = 64;

/**
 * config.json of a CLIP text encoder from the shapes of its tensors; what shapes do not show is as SDXL has
 * it: heads of 64, quick GELU in CLIP-L and exact GELU in OpenCLIP.
 */
export function inferClipTextConfig(
  component: 'text_encoder' | 'text_encoder_2',
  tensors: Tensors,
  file: string,
): JsonObject {
  const [vocabulary, width] = shapeOf(tensors, 'text_model.embeddings.token_embedding.weight', file);
  const [positions] = shapeOf(tensors, 'text_model.embeddings.position_embedding.weight', file);
  const [inner] = shapeOf(tensors, 'text_model.encoder.layers.0.mlp.fc1.weight', file);
  const projection = tensors.get('text_projection.weight')?.shape[0];
  return {
    ...publishedBase.textEncoders[component],
    vocab_size: vocabulary,
    hidden_size: width,
    max_position_embeddings: positions,
    intermediate_size: inner,
    num_hidden_layers: count(tensors, /^text_model\.encoder\.layers\.(\d+)\./),
    num_attention_heads: width! / headWidth,
    projection_dim: projection ?? width,
  };
}

/**
 * config.json of an AutoencoderKL from the shapes of its tensors, with SDXL's 32 groups and scaling factor
 * 0.13025.
 */
export function inferVaeConfig(tensors: Tensors, file: string): JsonObject {
  const levels = count(tensors, /^encoder\.down_blocks\.(\d+)\./);
  const widths = Array.from(
    { length: levels },
    (_, level) => shapeOf(tensors, `encoder.down_blocks.${level}.resnets.0.conv2.weight`, file)[0],
  );
  return {
    ...publishedBase.vae,
    block_out_channels: widths,
    down_block_types: Array(levels).fill('DownEncoderBlock2D'),
    up_block_types: Array(levels).fill('UpDecoderBlock2D'),
    layers_per_block: count(tensors, /^encoder\.down_blocks\.0\.resnets\.(\d+)\./),
    in_channels: shapeOf(tensors, 'encoder.conv_in.weight', file)[1],
    latent_channels: shapeOf(tensors, 'post_quant_conv.weight', file)[0],
    out_channels: shapeOf(tensors, 'decoder.conv_out.weight', file)[0],
  };
}

/**
 * config.json of a UNet2DConditionModel from the names and shapes of its tensors, pruned ones (SSD-1B)
 * included, with SDXL's heads of 64 and 32 groups.
 * @param pooledWidth of the last text encoder.
 * @param timeIds 6 for a base checkpoint, 5 for a refiner.
 */
export function inferUnetConfig(
  tensors: Tensors,
  file: string,
  { pooledWidth, timeIds }: { pooledWidth: number; timeIds: number },
): JsonObject {
  const levels = count(tensors, /^down_blocks\.(\d+)\./);
  const layers = count(tensors, /^down_blocks\.0\.resnets\.(\d+)\./);
  if (levels === 0 || layers === 0) throw new CheckpointError(`${file}: the UNet has no input_blocks`);
  const depth = (attention: string) =>
    count(tensors, new RegExp(`^${attention.replaceAll('.', '\\.')}\\.transformer_blocks\\.(\\d+)\\.`));
  const depths = (way: 'down' | 'up', length: number) =>
    Array.from({ length: levels }, (_, level) =>
      Array.from({ length }, (_, layer) => depth(`${way}_blocks.${level}.attentions.${layer}`)),
    );
  const down = depths('down', layers);
  const up = depths('up', layers + 1);
  const middle = depth('mid_block.attentions.0');
  const attends = (level: readonly number[]) => level.some((value) => value > 0);
  // The middle takes the innermost level's depth, also where that level has no attention of its own.
  if (!attends(down.at(-1)!)) down[levels - 1] = Array(layers).fill(Math.max(1, middle));
  const innermost = down.at(-1)![0]!;
  if (middle !== 0 && middle !== innermost)
    throw new CheckpointError(
      `${file}: the UNet's middle has ${middle} transformer blocks and its innermost level ${innermost}; only equal depths are supported`,
    );
  const widths = Array.from(
    { length: levels },
    (_, level) => shapeOf(tensors, `down_blocks.${level}.resnets.0.conv2.weight`, file)[0]!,
  );
  const projection = [...tensors.keys()].find((name) => name.endsWith('.proj_in.weight'));
  const context = [...tensors.keys()].find((name) => name.endsWith('.attn2.to_k.weight'));
  const embedding = shapeOf(tensors, 'add_embedding.linear_1.weight', file)[1]!;
  const downTypes = depths('down', layers).map((level) =>
    attends(level) ? 'CrossAttnDownBlock2D' : 'DownBlock2D',
  );
  const hasMiddle = tensors.has('mid_block.resnets.0.conv1.weight');
  return {
    ...publishedBase.unet,
    addition_time_embed_dim: (embedding - pooledWidth) / timeIds,
    attention_head_dim: widths.map((width) => Math.max(1, Math.floor(width / headWidth))),
    block_out_channels: widths,
    cross_attention_dim: context === undefined ? undefined : shapeOf(tensors, context, file)[1],
    down_block_types: downTypes,
    in_channels: shapeOf(tensors, 'conv_in.weight', file)[1],
    layers_per_block: layers,
    mid_block_type: middle > 0 ? 'UNetMidBlock2DCrossAttn' : hasMiddle ? 'UNetMidBlock2D' : null,
    out_channels: shapeOf(tensors, 'conv_out.weight', file)[0],
    projection_class_embeddings_input_dim: embedding,
    time_cond_proj_dim: tensors.get('time_embedding.cond_proj.weight')?.shape[1] ?? null,
    reverse_transformer_layers_per_block: up.map((level) => (attends(level) ? level : level.map(() => 1))),
    transformer_layers_per_block: down.map((level) => (attends(level) ? level : level.map(() => 1))),
    up_block_types: up.map((level) => (attends(level) ? 'CrossAttnUpBlock2D' : 'UpBlock2D')),
    use_linear_projection: projection === undefined || tensors.get(projection)!.shape.length === 2,
  };
}

/** Names count from 0; a number beyond this is no count of anything. */
const mostCounted = 1000;

/**
 * How many different numbers the pattern's group takes, which must be 0, 1, 2, ...
 * @throws CheckpointError naming a tensor with a number that no network has.
 */
function count(tensors: Tensors, pattern: RegExp): number {
  let highest = -1;
  for (const [name, { file }] of tensors) {
    const [, index] = pattern.exec(name) ?? [];
    if (Number(index) >= mostCounted)
      throw new CheckpointError(`${file}: tensor "${name}" has no place in an SDXL checkpoint`);
    if (index !== undefined) highest = Math.max(highest, Number(index));
  }
  return highest + 1;
}

function shapeOf(tensors: Tensors, name: string, file: string): readonly number[] {
  const shape = tensors.get(name)?.shape;
  if (shape === undefined) throw new CheckpointError(`${file}: tensor "${name}" is missing`);
  return shape;
}
