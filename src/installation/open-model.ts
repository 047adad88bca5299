import path from 'node:path';
import { withChannelsLast } from '../checkpoints/channels-last/channels-last-copies.ts';
import type { Checkpoint } from '../checkpoints/checkpoint.ts';
import { CheckpointError } from '../checkpoints/checkpoint-error.ts';
import {
  type ExportedCheckpoint,
  isExportedFolder,
  openExportedFolder,
} from '../checkpoints/exported/exported-folder.ts';
import type { AddLowRank } from '../checkpoints/loras/low-rank.ts';
import { mergeLoras } from '../checkpoints/loras/merge-loras.ts';
import { type Manifest, manifestName } from '../checkpoints/manifest.ts';
import { type CheckpointOptions, openCheckpoint } from '../checkpoints/open-checkpoint.ts';
import { fewStepConfig } from '../contract/few-steps.ts';
import { type Device, isCuda } from '../networks/runtime/device.ts';
import { ownCommand } from '../process/own-command.ts';
import { requireKnownScheduler } from '../schedulers/noise-levels/known-scheduler.ts';
import { schedulerSettings } from '../schedulers/noise-levels/scheduler-config.ts';
import { fewStepOf } from './few-step.ts';
import type { InstalledModel } from './installation.ts';

/** Weights that a network is built around, or networks that were exported whole. */
export type OpenedModel = Checkpoint | ExportedCheckpoint;

export function isExported(opened: OpenedModel): opened is ExportedCheckpoint {
  return 'vaeDecoder' in opened;
}

/**
 * Opens a checkpoint of any layout: a diffusers folder, a .safetensors file, a folder of exported ONNX
 * models.
 */
export async function openLocation(location: string, other: CheckpointOptions = {}): Promise<OpenedModel> {
  if (!(await isExportedFolder(location))) return openCheckpoint(location, other);
  const [[part, file] = []] = Object.entries(other);
  if (file !== undefined)
    throw new CheckpointError(
      `${location}: the networks are exported; their ${part === 'vae' ? 'VAE' : 'UNet'} cannot be replaced by ${file}`,
    );
  return openExportedFolder(location);
}

/**
 * Where what is made of a model's weights is kept; files that share a folder without manifests get one each.
 */
export function preparedFolder({ name, directory, checkpoint, manifest }: InstalledModel): string {
  const isAlone = manifest !== undefined || checkpoint === directory;
  return isAlone ? path.join(directory, 'prepared') : path.join(directory, 'prepared', name);
}

/**
 * Reads an installed model's headers and configs as its manifest wants them: with another VAE, scheduler keys
 * replaced, but without its LoRAs.
 * @throws CheckpointError naming the file and what contradicts.
 */
export async function openUnmerged(model: InstalledModel): Promise<OpenedModel> {
  const { name, directory, checkpoint, manifest } = model;
  if (manifest === undefined) {
    const opened = await openLocation(checkpoint);
    return withKnownScheduler({
      ...opened,
      name,
      scheduler: fewStepScheduler(opened, undefined, checkpoint),
    });
  }
  const { vae, unet } = manifest;
  const opened = await openLocation(checkpoint, {
    ...(vae !== undefined && { vae: path.join(directory, vae) }),
    ...(unet !== undefined && { unet: path.join(directory, unet) }),
  });
  requireKind(manifest, opened.requiresAestheticsScore, path.join(directory, manifestName));
  const usual = fewStepScheduler(opened, manifest.fewStep, path.join(directory, manifestName));
  const scheduler = { ...usual, ...manifest.scheduler };
  return withKnownScheduler({ ...opened, name, scheduler }, path.join(directory, manifestName));
}

/** The scheduler's keys as a model of few steps needs them. */
function fewStepScheduler(opened: OpenedModel, said: unknown, file: string): OpenedModel['scheduler'] {
  const fewStep = fewStepOf(said, opened, file);
  return { ...opened.scheduler, ...(fewStep && fewStepConfig(fewStep)) };
}

/** @throws CheckpointError naming the class or the key of the scheduler that is not supported. */
function withKnownScheduler(opened: OpenedModel, file = opened.directory): OpenedModel {
  try {
    requireKnownScheduler(opened.scheduler);
    schedulerSettings(opened.scheduler);
  } catch (cause) {
    throw new CheckpointError(`${file}: ${(cause as Error).message}`, { cause });
  }
  return opened;
}

/**
 * As openUnmerged, with LoRAs merged: once, as what was merged of the same files and weights before is taken
 * as it is; and for CUDA with the copies of convolution weights that `npm run models -- prepare` has left, if
 * it has: without them loading takes longer.
 * @param add multiplies and adds its LoRAs; by default slowly, without a runtime.
 * @throws CheckpointError naming the file and what contradicts.
 */
export async function openModel(
  model: InstalledModel,
  device: Device = 'cpu',
  add?: AddLowRank,
): Promise<OpenedModel> {
  const unmerged = await openUnmerged(model);
  const opened =
    model.manifest === undefined ? unmerged : await withLoras(model, model.manifest, unmerged, add);
  return isExported(opened) || !isCuda(device) ? opened : withChannelsLast(opened, preparedFolder(model));
}

async function withLoras(
  model: InstalledModel,
  { loras }: Manifest,
  opened: OpenedModel,
  add?: AddLowRank,
): Promise<OpenedModel> {
  if (loras.length === 0) return opened;
  if (isExported(opened))
    throw new CheckpointError(
      `${opened.directory}: the networks are exported; no LoRA can be merged into them`,
    );
  const choices = loras.map(({ file, weight }) => ({ file: path.join(model.directory, file), weight }));
  try {
    return await mergeLoras(opened, choices, preparedFolder(model), add);
  } catch (cause) {
    if (cause instanceof CheckpointError) throw cause;
    const { message } = cause as Error;
    throw new CheckpointError(
      `${preparedFolder(model)}: the LoRAs cannot be merged here (${message}); \`${ownCommand(`models prepare ${model.name}`)}\` does it where the folder can be written`,
      { cause },
    );
  }
}

/** A refiner is told from a base model by its time ids. */
function requireKind({ kind }: Manifest, isRefiner: boolean, file: string): void {
  if ((kind === 'refiner') !== isRefiner)
    throw new CheckpointError(
      `${file}: kind is "${kind}", but the checkpoint is a ${isRefiner ? 'refiner' : 'base model'}`,
    );
}
