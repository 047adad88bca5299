import path from 'node:path';
import type { Checkpoint } from '../src/checkpoints/checkpoint.ts';
import { CheckpointError } from '../src/checkpoints/checkpoint-error.ts';
import { openCheckpoint } from '../src/checkpoints/open-checkpoint.ts';
import { type Manifest, manifestName } from '../src/checkpoints/manifest.ts';
import type { InstalledModel } from './installation.ts';

/**
 * Reads an installed model's headers and configs as its manifest wants them: scheduler keys replaced.
 * @throws CheckpointError naming the file and what contradicts.
 */
export async function openModel(model: InstalledModel): Promise<Checkpoint> {
  const checkpoint = await openCheckpoint(model.checkpoint);
  const { manifest } = model;
  const named = { ...checkpoint, name: model.name };
  if (manifest === undefined) return named;
  requireKind(manifest, checkpoint.requiresAestheticsScore, path.join(model.directory, manifestName));
  return { ...named, scheduler: { ...checkpoint.scheduler, ...manifest.scheduler } };
}

/** A refiner is told from a base model by its time ids. */
function requireKind({ kind }: Manifest, isRefiner: boolean, file: string): void {
  if ((kind === 'refiner') !== isRefiner)
    throw new CheckpointError(
      `${file}: kind is "${kind}", but the checkpoint is a ${isRefiner ? 'refiner' : 'base model'}`,
    );
}
