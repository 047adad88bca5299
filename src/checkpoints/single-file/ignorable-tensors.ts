import type { TensorRole } from '../safetensors/safetensors.ts';
import { isTrainingMarker } from './training-markers.ts';

/**
 * Tensors of single-file checkpoints that no image depends on. Everything else in a file must have its place
 * in a network.
 */
const ignorable: readonly RegExp[] = [
  // A second, averaged copy of the weights, for training.
  /^model_ema\./,
  // The noise schedule as a table; ours comes from the scheduler's config.
  /^(betas|alphas_cumprod|alphas_cumprod_prev|sqrt_alphas_cumprod|sqrt_one_minus_alphas_cumprod)$/,
  /^(log_one_minus_alphas_cumprod|sqrt_recip_alphas_cumprod|sqrt_recipm1_alphas_cumprod)$/,
  /^posterior_(variance|log_variance_clipped|mean_coef1|mean_coef2)$/,
  /^(denoiser\.|model_sampling\.|model\.model_sampling\.)?(sigmas|log_sigmas)$/,
  // Weights of the training loss, and the scale that a VAE's latents had; ours is in the VAE's config.
  /^(lvlb_weights|logvar|scale_factor)$/,
  // Text encoder of Stable Diffusion 1 and 2, left behind by merging tools.
  /^cond_stage_model\./,
  /^embedding_manager\./,
  /^global_step$/,
  // Parts of CLIP that only compare texts with pictures, and buffers.
  /^conditioner\.embedders\.\d+\.(model\.|transformer\.)?logit_scale$/,
  /^conditioner\.embedders\.\d+\.model\.(attn_mask$|visual\.)/,
  /(^|\.)position_ids$/,
  // The pooled prompt comes from the second encoder alone.
  /^conditioner\.embedders\.0\.(transformer\.)?text_projection(\.weight)?$/,
  // The discriminator that the VAE was trained with.
  /^(first_stage_model\.)?(loss|model_ema)\./,
];

/** What a tensor of a single file is to whoever opens it. */
export function roleInSingleFile(name: string): TensorRole {
  if (isIgnorableInSingleFile(name)) return 'ignored';
  return isTrainingMarker(name) ? 'note' : 'weight';
}

export function isIgnorableInSingleFile(name: string): boolean {
  return ignorable.some((pattern) => pattern.test(name));
}
