import type { Checkpoint } from '../src/checkpoints/checkpoint.ts';
import { openCheckpoint } from '../src/checkpoints/open-checkpoint.ts';
import { openClipTextEncoder } from '../src/networks/clip-text-encoder.ts';
import type { ClipTextEncoder, Unet, VaeDecoder, VaeEncoder } from '../src/networks/networks.ts';
import type { NetworkOptions } from '../src/networks/session.ts';
import { openUnet } from '../src/networks/unet.ts';
import { openVaeDecoder, openVaeEncoder } from '../src/networks/vae.ts';
import { assembleModels, type Models } from '../src/pipelines/models.ts';
import type { InstalledModel } from './installation.ts';
import { openModel } from './open-model.ts';

/** A model's networks, each loaded when it is called for. @throws CheckpointError naming file and tensor, from every one. */
export interface NetworkLoaders {
  readonly textEncoders: readonly (() => Promise<ClipTextEncoder>)[];
  readonly unet: () => Promise<Unet>;
  readonly vaeEncoder: () => Promise<VaeEncoder>;
  readonly vaeDecoder: () => Promise<VaeDecoder>;
}

export function networkLoaders(checkpoint: Checkpoint, options: NetworkOptions): NetworkLoaders {
  const timeIdCount = checkpoint.requiresAestheticsScore ? 5 : 6;
  return {
    textEncoders: checkpoint.textEncoders.map((component) => () => openClipTextEncoder(component, options)),
    unet: () => openUnet(checkpoint.unet, { ...options, timeIdCount }),
    vaeEncoder: () => openVaeEncoder(checkpoint.vae, options),
    vaeDecoder: () => openVaeDecoder(checkpoint.vae, options),
  };
}

/**
 * Opens a checkpoint and loads all its networks.
 * @param model an installed one, or the folder or file of a checkpoint.
 * @throws CheckpointError naming file and tensor; Error where the runtime or the device refuses.
 */
export async function loadModels(model: InstalledModel | string, options: NetworkOptions): Promise<Models> {
  const checkpoint = await (typeof model === 'string' ? openCheckpoint(model) : openModel(model));
  const load = networkLoaders(checkpoint, options);
  const encoders = [];
  for (const [index, loadEncoder] of load.textEncoders.entries())
    encoders.push({
      encoder: await loadEncoder(),
      tokenizerDirectory: checkpoint.tokenizerDirectories[index],
    });
  return assembleModels({
    name: checkpoint.name,
    encoders,
    unet: await load.unet(),
    vaeEncoder: await load.vaeEncoder(),
    vaeDecoder: await load.vaeDecoder(),
    schedulerConfig: checkpoint.scheduler,
    forceZerosForEmptyPrompt: checkpoint.forceZerosForEmptyPrompt,
  });
}
