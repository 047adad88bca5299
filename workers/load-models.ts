import { openCheckpoint } from '../src/checkpoints/diffusers-folder.ts';
import { openClipTextEncoder } from '../src/networks/clip-text-encoder.ts';
import type { NetworkOptions } from '../src/networks/session.ts';
import { openUnet } from '../src/networks/unet.ts';
import { openVaeDecoder, openVaeEncoder } from '../src/networks/vae.ts';
import { assembleModels, type Models } from '../src/pipelines/models.ts';

/**
 * Opens a checkpoint folder and loads all its networks.
 * @throws CheckpointError naming file and tensor; Error where the runtime or the device refuses.
 */
export async function loadModels(directory: string, options: NetworkOptions): Promise<Models> {
  const checkpoint = await openCheckpoint(directory);
  const encoders = [];
  for (const [index, component] of checkpoint.textEncoders.entries()) {
    encoders.push({
      encoder: await openClipTextEncoder(component, options),
      tokenizerDirectory: checkpoint.tokenizerDirectories[index],
    });
  }
  return assembleModels({
    name: checkpoint.name,
    encoders,
    unet: await openUnet(checkpoint.unet, {
      ...options,
      timeIdCount: checkpoint.requiresAestheticsScore ? 5 : 6,
    }),
    vaeEncoder: await openVaeEncoder(checkpoint.vae, options),
    vaeDecoder: await openVaeDecoder(checkpoint.vae, options),
    schedulerConfig: checkpoint.scheduler,
    forceZerosForEmptyPrompt: checkpoint.forceZerosForEmptyPrompt,
  });
}
