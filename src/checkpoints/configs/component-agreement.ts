import type { Checkpoint } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';

/**
 * Refuses components whose configs cannot work together.
 * @throws CheckpointError naming the file, the key and both numbers.
 */
export function requireAgreement({ unet, vae, textEncoders, requiresAestheticsScore }: Checkpoint): void {
  const unetFile = unet.configFile;
  const latentChannels = vae.config.latent_channels;
  for (const key of ['in_channels', 'out_channels'] as const)
    if (unet.config[key] !== latentChannels)
      throw new CheckpointError(
        `${unetFile}: ${key} is ${unet.config[key]}; the VAE has latent_channels ${latentChannels}`,
      );
  const width = textEncoders.reduce((sum, { config }) => sum + config.hidden_size, 0);
  if (unet.config.cross_attention_dim !== width)
    throw new CheckpointError(
      `${unetFile}: cross_attention_dim is ${unet.config.cross_attention_dim}; the text encoders together give ${width}`,
    );
  // Time ids: original size, crop, then target size (2 numbers) or aesthetic score (1).
  const timeIds = requiresAestheticsScore ? 5 : 6;
  const pooledWidth = textEncoders.at(-1)!.config.projection_dim;
  const needed = timeIds * unet.config.addition_time_embed_dim + pooledWidth;
  const given = unet.config.projection_class_embeddings_input_dim;
  if (given !== needed)
    throw new CheckpointError(
      `${unetFile}: projection_class_embeddings_input_dim is ${given}; ${timeIds} time ids of addition_time_embed_dim ` +
        `${unet.config.addition_time_embed_dim} and a pooled prompt of ${pooledWidth} need ${needed} ` +
        `(requires_aesthetics_score is ${requiresAestheticsScore})`,
    );
}
