import type { Checkpoint } from '../checkpoints/checkpoint.ts';
import { requireTensors } from '../checkpoints/require-tensors.ts';
import { clipTextGraph } from './clip.ts';
import { pooledWidth } from './pooled-width.ts';
import { portableLayers } from './portable-layers.ts';
import { unetGraph } from './unet.ts';
import { vaeTensors } from './vae.ts';

/**
 * Holds every network's tensors against its config, from headers alone: what loading would find after the
 * weights of the networks before it.
 * @throws CheckpointError naming the file and the tensor, or the config's key.
 */
export function requireWeights({ unet, vae, textEncoders, requiresAestheticsScore }: Checkpoint): void {
  for (const component of textEncoders) {
    const hasProjection = component.className === 'CLIPTextModelWithProjection';
    requireTensors(component, clipTextGraph(component.config, portableLayers, hasProjection).tensors);
  }
  const timeIdCount = requiresAestheticsScore ? 5 : 6;
  const widths = { pooledWidth: pooledWidth(unet, timeIdCount), timeIdCount };
  requireTensors(unet, unetGraph(unet.config, portableLayers, widths).tensors);
  requireTensors(vae, vaeTensors(vae.config, portableLayers));
}
