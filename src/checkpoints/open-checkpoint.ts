import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Checkpoint, Component } from './checkpoint.ts';
import { CheckpointError } from './checkpoint-error.ts';
import { requireAgreement } from './configs/component-agreement.ts';
import type { VaeConfig } from './configs/vae-config.ts';
import { openDiffusersFolder, openVaeFolder } from './diffusers/diffusers-folder.ts';
import { openSingleFile } from './single-file/open-single-file.ts';
import { openUnetFile } from './single-file/open-unet-file.ts';
import { openVaeFile } from './single-file/open-vae-file.ts';

const pickleName = /\.(ckpt|pt|pth|bin|pkl)$/i;

export interface CheckpointOptions {
  /**
   * Another VAE to take instead of the checkpoint's own: a .safetensors file, or the folder of a diffusers
   * VAE.
   */
  readonly vae?: string;
  /** A UNet of the same architecture to take instead: a .safetensors file. */
  readonly unet?: string;
}

/**
 * Opens a checkpoint: a folder as diffusers writes it, or one .safetensors file with the original names.
 * Reads configs and tensor headers only.
 * @throws CheckpointError naming the file, and the config key, the tensor or the component at fault.
 */
export async function openCheckpoint(location: string, options: CheckpointOptions = {}): Promise<Checkpoint> {
  const vae = options.vae === undefined ? undefined : await openVae(options.vae);
  const root = path.resolve(location);
  let checkpoint: Checkpoint;
  if ((await kindOf(root, 'checkpoint')) === 'file') checkpoint = await openSingleFile(root, vae);
  else {
    const folder = await openDiffusersFolder(root);
    checkpoint = vae === undefined ? folder : { ...folder, vae };
  }
  if (options.unet !== undefined) {
    const place = path.resolve(options.unet);
    if ((await kindOf(place, 'UNet')) === 'folder')
      throw new CheckpointError(`${place}: a UNet beside a base is a .safetensors file`);
    checkpoint = { ...checkpoint, unet: await openUnetFile(place, checkpoint.unet) };
  }
  requireAgreement(checkpoint);
  return checkpoint;
}

async function openVae(location: string): Promise<Component<VaeConfig>> {
  const root = path.resolve(location);
  return (await kindOf(root, 'VAE')) === 'file' ? openVaeFile(root) : openVaeFolder(root);
}

/** @throws CheckpointError if there is nothing, or a file of a kind that is not read. */
async function kindOf(root: string, what: string): Promise<'file' | 'folder'> {
  if (pickleName.test(root))
    throw new CheckpointError(`${root}: Python pickles can run code and are refused; convert to safetensors`);
  const status = await stat(root).catch((cause: NodeJS.ErrnoException) => {
    throw new CheckpointError(`${root}: ${cause.code === 'ENOENT' ? `no such ${what}` : cause.message}`, {
      cause,
    });
  });
  if (status.isDirectory()) return 'folder';
  if (path.extname(root).toLowerCase() !== '.safetensors')
    throw new CheckpointError(`${root}: a ${what} is a folder or a .safetensors file`);
  return 'file';
}
