type Json = Readonly<Record<string, unknown>>;

/** The JSON files of a checkpoint, each as it stands in its folder. */
export interface CheckpointDescription {
  readonly modelIndex: Json;
  readonly unet: Json;
  readonly vae: Json;
  /** By component name: text_encoder, text_encoder_2. */
  readonly textEncoders: Readonly<Record<string, Json>>;
  readonly scheduler: Json;
}

/**
 * The configs of stabilityai/stable-diffusion-xl-base-1.0 and -refiner-1.0: facts of the published
 * checkpoints, keys with the libraries' default values left out where nothing reads them.
 */
const unetCommon = {
  _class_name: 'UNet2DConditionModel',
  act_fn: 'silu',
  addition_embed_type: 'text_time',
  addition_embed_type_num_heads: 64,
  addition_time_embed_dim: 256,
  center_input_sample: false,
  class_embed_type: null,
  class_embeddings_concat: false,
  conv_in_kernel: 3,
  conv_out_kernel: 3,
  cross_attention_norm: null,
  downsample_padding: 1,
  dual_cross_attention: false,
  encoder_hid_dim: null,
  encoder_hid_dim_type: null,
  flip_sin_to_cos: true,
  freq_shift: 0,
  in_channels: 4,
  layers_per_block: 2,
  mid_block_only_cross_attention: null,
  mid_block_scale_factor: 1,
  mid_block_type: 'UNetMidBlock2DCrossAttn',
  norm_eps: 1e-5,
  norm_num_groups: 32,
  num_attention_heads: null,
  num_class_embeds: null,
  only_cross_attention: false,
  out_channels: 4,
  resnet_out_scale_factor: 1.0,
  resnet_skip_time_act: false,
  resnet_time_scale_shift: 'default',
  sample_size: 128,
  time_cond_proj_dim: null,
  time_embedding_act_fn: null,
  time_embedding_dim: null,
  time_embedding_type: 'positional',
  timestep_post_act: null,
  upcast_attention: null,
  use_linear_projection: true,
};

const vae = {
  _class_name: 'AutoencoderKL',
  act_fn: 'silu',
  block_out_channels: [128, 256, 512, 512],
  down_block_types: Array(4).fill('DownEncoderBlock2D'),
  force_upcast: true,
  in_channels: 3,
  latent_channels: 4,
  layers_per_block: 2,
  norm_num_groups: 32,
  out_channels: 3,
  sample_size: 1024,
  scaling_factor: 0.13025,
  up_block_types: Array(4).fill('UpDecoderBlock2D'),
};

const clipCommon = {
  bos_token_id: 0,
  eos_token_id: 2,
  layer_norm_eps: 1e-5,
  max_position_embeddings: 77,
  model_type: 'clip_text_model',
  pad_token_id: 1,
  vocab_size: 49408,
};

/** OpenAI CLIP ViT-L/14. */
const textEncoder = {
  ...clipCommon,
  architectures: ['CLIPTextModel'],
  hidden_act: 'quick_gelu',
  hidden_size: 768,
  intermediate_size: 3072,
  num_attention_heads: 12,
  num_hidden_layers: 12,
  projection_dim: 768,
};

/** OpenCLIP ViT-bigG/14. */
const textEncoder2 = {
  ...clipCommon,
  architectures: ['CLIPTextModelWithProjection'],
  hidden_act: 'gelu',
  hidden_size: 1280,
  intermediate_size: 5120,
  num_attention_heads: 20,
  num_hidden_layers: 32,
  projection_dim: 1280,
};

/** scheduler_config.json of base and refiner. */
export const publishedScheduler = {
  _class_name: 'EulerDiscreteScheduler',
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  beta_start: 0.00085,
  clip_sample: false,
  interpolation_type: 'linear',
  num_train_timesteps: 1000,
  prediction_type: 'epsilon',
  sample_max_value: 1.0,
  set_alpha_to_one: false,
  skip_prk_steps: true,
  steps_offset: 1,
  timestep_spacing: 'leading',
  trained_betas: null,
  use_karras_sigmas: false,
};

export const publishedBase: CheckpointDescription = {
  modelIndex: {
    _class_name: 'StableDiffusionXLPipeline',
    force_zeros_for_empty_prompt: true,
    scheduler: ['diffusers', 'EulerDiscreteScheduler'],
    text_encoder: ['transformers', 'CLIPTextModel'],
    text_encoder_2: ['transformers', 'CLIPTextModelWithProjection'],
    tokenizer: [null, null],
    tokenizer_2: [null, null],
    unet: ['diffusers', 'UNet2DConditionModel'],
    vae: ['diffusers', 'AutoencoderKL'],
  },
  unet: {
    ...unetCommon,
    attention_head_dim: [5, 10, 20],
    block_out_channels: [320, 640, 1280],
    cross_attention_dim: 2048,
    down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
    projection_class_embeddings_input_dim: 2816,
    transformer_layers_per_block: [1, 2, 10],
    up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
  },
  vae,
  textEncoders: { text_encoder: textEncoder, text_encoder_2: textEncoder2 },
  scheduler: publishedScheduler,
};

export const publishedRefiner: CheckpointDescription = {
  modelIndex: {
    ...publishedBase.modelIndex,
    _class_name: 'StableDiffusionXLImg2ImgPipeline',
    force_zeros_for_empty_prompt: false,
    requires_aesthetics_score: true,
    text_encoder: [null, null],
  },
  unet: {
    ...unetCommon,
    attention_head_dim: [6, 12, 24, 24],
    block_out_channels: [384, 768, 1536, 1536],
    cross_attention_dim: 1280,
    down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
    projection_class_embeddings_input_dim: 2560,
    transformer_layers_per_block: 4,
    up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
  },
  vae,
  textEncoders: { text_encoder_2: textEncoder2 },
  scheduler: publishedScheduler,
};
