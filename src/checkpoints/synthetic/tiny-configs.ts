import { type CheckpointDescription, publishedBase, publishedRefiner } from '../configs/published-configs.ts';

/**
 * SDXL's architecture at a few hundred thousand numbers per network: three levels for the base and four for
 * the refiner, no attention on the outermost, head counts and depths that differ between levels, encoders of
 * different widths and a projection wider than its encoder. The vocabulary stays whole, for real prompts.
 */
const vae = {
  ...publishedBase.vae,
  block_out_channels: [8, 8, 16, 16],
  layers_per_block: 1,
  norm_num_groups: 4,
};

const textEncoder = {
  ...publishedBase.textEncoders.text_encoder,
  hidden_size: 12,
  intermediate_size: 32,
  num_attention_heads: 2,
  num_hidden_layers: 3,
  projection_dim: 12,
};

const textEncoder2 = {
  ...publishedBase.textEncoders.text_encoder_2,
  hidden_size: 16,
  intermediate_size: 48,
  num_attention_heads: 4,
  num_hidden_layers: 4,
  projection_dim: 24,
};

export const tinyBase: CheckpointDescription = {
  ...publishedBase,
  unet: {
    ...publishedBase.unet,
    addition_time_embed_dim: 8,
    attention_head_dim: [1, 2, 5],
    block_out_channels: [16, 24, 40],
    cross_attention_dim: 12 + 16,
    norm_num_groups: 8,
    projection_class_embeddings_input_dim: 6 * 8 + 24,
    transformer_layers_per_block: [1, 1, 2],
  },
  vae,
  textEncoders: { text_encoder: textEncoder, text_encoder_2: textEncoder2 },
};

export const tinyRefiner: CheckpointDescription = {
  ...publishedRefiner,
  unet: {
    ...publishedRefiner.unet,
    addition_time_embed_dim: 8,
    attention_head_dim: [1, 2, 4, 4],
    block_out_channels: [16, 24, 32, 32],
    cross_attention_dim: 16,
    norm_num_groups: 8,
    projection_class_embeddings_input_dim: 5 * 8 + 24,
    transformer_layers_per_block: 1,
  },
  vae,
  textEncoders: { text_encoder_2: textEncoder2 },
};
