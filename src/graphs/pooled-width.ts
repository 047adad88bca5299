import type { Component } from '../checkpoints/checkpoint.ts';
import { CheckpointError } from '../checkpoints/checkpoint-error.ts';
import type { UnetConfig } from '../checkpoints/configs/unet-config.ts';

/**
 * The pooled prompt's width is what the time ids leave of projection_class_embeddings_input_dim.
 * @throws CheckpointError where they leave nothing.
 */
export function pooledWidth({ config, directory }: Component<UnetConfig>, timeIdCount: number): number {
  const total = config.projection_class_embeddings_input_dim;
  const width = total - timeIdCount * config.addition_time_embed_dim;
  if (width < 1)
    throw new CheckpointError(
      `${directory}: projection_class_embeddings_input_dim is ${total}; ${timeIdCount} time ids of addition_time_embed_dim ${config.addition_time_embed_dim} leave nothing for the pooled prompt`,
    );
  return width;
}
