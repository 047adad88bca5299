import path from 'node:path';
import type { Checkpoint } from '../src/checkpoints/checkpoint.ts';
import { CheckpointError } from '../src/checkpoints/checkpoint-error.ts';
import {
  type ExportedCheckpoint,
  isExportedFolder,
  openExportedFolder,
} from '../src/checkpoints/exported/exported-folder.ts';
import { type Manifest, manifestName } from '../src/checkpoints/manifest.ts';
import { openCheckpoint } from '../src/checkpoints/open-checkpoint.ts';
import type { InstalledModel } from './installation.ts';

/** Weights that a network is built around, or networks that were exported whole. */
export type OpenedModel = Checkpoint | ExportedCheckpoint;

export function isExported(opened: OpenedModel): opened is ExportedCheckpoint {
  return 'vaeDecoder' in opened;
}

/** Opens a checkpoint of any layout: a diffusers folder, a .safetensors file, a folder of exported ONNX models. */
export async function openLocation(location: string, vae?: string): Promise<OpenedModel> {
  if (!(await isExportedFolder(location))) return openCheckpoint(location, vae === undefined ? {} : { vae });
  if (vae !== undefined)
    throw new CheckpointError(
      `${location}: the networks are exported; their VAE cannot be replaced by ${vae}`,
    );
  return openExportedFolder(location);
}

/**
 * Reads an installed model's headers and configs as its manifest wants them: with another VAE, scheduler keys replaced.
 * @throws CheckpointError naming the file and what contradicts.
 */
export async function openModel({
  name,
  directory,
  checkpoint,
  manifest,
}: InstalledModel): Promise<OpenedModel> {
  if (manifest === undefined) return { ...(await openLocation(checkpoint)), name };
  const vae = manifest.vae === undefined ? undefined : path.join(directory, manifest.vae);
  const opened = await openLocation(checkpoint, vae);
  requireKind(manifest, opened.requiresAestheticsScore, path.join(directory, manifestName));
  return { ...opened, name, scheduler: { ...opened.scheduler, ...manifest.scheduler } };
}

/** A refiner is told from a base model by its time ids. */
function requireKind({ kind }: Manifest, isRefiner: boolean, file: string): void {
  if ((kind === 'refiner') !== isRefiner)
    throw new CheckpointError(
      `${file}: kind is "${kind}", but the checkpoint is a ${isRefiner ? 'refiner' : 'base model'}`,
    );
}
