import type { Checkpoint } from '../../../src/checkpoints/checkpoint.ts';
import { requireTensors } from '../../../src/checkpoints/require-tensors.ts';
import { clipTextGraph } from '../../../src/graphs/clip.ts';
import { portableLayers } from '../../../src/graphs/portable-layers.ts';
import { unetGraph } from '../../../src/graphs/unet.ts';
import { vaeTensors } from '../../../src/graphs/vae.ts';
import { sum } from '../../../src/installation/model-facts.ts';

/**
 * Holds every tensor of a checkpoint against the networks its configs describe, without loading one.
 * @returns how many tensors were checked.
 * @throws CheckpointError naming the file and the first missing, surplus or wrongly shaped tensor.
 */
export function checkTensors({ unet, vae, textEncoders, requiresAestheticsScore }: Checkpoint): number {
  for (const encoder of textEncoders) {
    const hasProjection = encoder.className === 'CLIPTextModelWithProjection';
    requireTensors(encoder, clipTextGraph(encoder.config, portableLayers, hasProjection).tensors);
  }
  const conditions = {
    pooledWidth: textEncoders.at(-1)!.config.projection_dim,
    timeIdCount: requiresAestheticsScore ? 5 : 6,
  };
  requireTensors(unet, unetGraph(unet.config, portableLayers, conditions).tensors);
  requireTensors(vae, vaeTensors(vae.config, portableLayers));
  return sum([unet, vae, ...textEncoders].map(({ tensors }) => tensors.size));
}
