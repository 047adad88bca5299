import path from 'node:path';
import type { Checkpoint } from '../src/checkpoints/checkpoint.ts';
import { CheckpointError } from '../src/checkpoints/checkpoint-error.ts';
import { type Manifest, manifestName } from '../src/checkpoints/manifest.ts';
import { openCheckpoint } from '../src/checkpoints/open-checkpoint.ts';
import type { InstalledModel } from './installation.ts';

/**
 * Reads an installed model's headers and configs as its manifest wants them: with another VAE, scheduler keys replaced.
 * @throws CheckpointError naming the file and what contradicts.
 */
export async function openModel({
  name,
  directory,
  checkpoint,
  manifest,
}: InstalledModel): Promise<Checkpoint> {
  if (manifest === undefined) return { ...(await openCheckpoint(checkpoint)), name };
  const vae = manifest.vae === undefined ? {} : { vae: path.join(directory, manifest.vae) };
  const opened = await openCheckpoint(checkpoint, vae);
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
