import { stat } from 'node:fs/promises';
import type { Checkpoint } from '../checkpoints/checkpoint.ts';
import { CheckpointError } from '../checkpoints/checkpoint-error.ts';
import { changedComponents } from '../checkpoints/loras/changed-components.ts';
import type { AddLowRank } from '../checkpoints/loras/low-rank.ts';
import { type LoraFile, mergeLoras, mergeLorasLater } from '../checkpoints/loras/merge-loras.ts';
import { PendingTensorError } from '../graphs/place-weights.ts';
import { computePrecision } from '../networks/layers-for.ts';
import { isCuda } from '../networks/runtime/device.ts';
import { runtimeLowRank } from '../networks/runtime-low-rank.ts';
import type { VaeOptions } from '../networks/vae.ts';
import type { Models } from '../pipelines/models.ts';
import type { InstalledModel } from './installation.ts';
import { type LoadingPlaces, networkLoaders } from './load-models.ts';
import { isExported, openModel } from './open-model.ts';
import { deleteUnused, markUsed } from './variant-files.ts';

export interface LoraVariantOptions {
  readonly network: VaeOptions;
  readonly places: LoadingPlaces;
  /** Where merged weights are kept. */
  readonly directory: string;
  /** Variants that stay loaded; the one used longest ago leaves first. */
  readonly most: number;
}

/** Checkpoints with LoRAs merged into them, loaded beside the checkpoint itself. */
export interface LoraVariants {
  /**
   * The model with these LoRAs: the one that is loaded, or a new one. What the LoRAs do not touch is shared
   * with the model.
   * @param onWork called, and awaited, every now and then.
   * @throws CheckpointError naming the file and what of it does not fit.
   */
  open(
    model: InstalledModel,
    base: Models,
    loras: readonly LoraFile[],
    onWork: () => Promise<void>,
  ): Promise<Models>;
  /** Takes all off the device, while nobody computes with one. @returns whether there were any. */
  letGo(): Promise<boolean>;
}

interface Loaded {
  readonly models: Models;
  /** Networks of its own. */
  readonly networks: readonly { release(): Promise<void> }[];
  /** Where their weights are, which those that leave the device by turns read again. */
  readonly files: readonly string[];
}

export function createLoraVariants(options: LoraVariantOptions): LoraVariants {
  const { most } = options;
  const loaded = new Map<string, Loaded>();
  const release = async (key: string, { networks }: Loaded): Promise<void> => {
    loaded.delete(key);
    await Promise.all(networks.map((network) => network.release()));
  };
  const leave = async (room: number): Promise<void> => {
    for (const [key, variant] of loaded) {
      if (loaded.size <= room) return;
      await release(key, variant);
    }
  };
  /** Those whose files another engine has deleted: they could neither come back nor be compared with. */
  const leaveIncomplete = async (): Promise<void> => {
    for (const [key, variant] of loaded) if (!(await areThere(variant.files))) await release(key, variant);
  };
  return {
    open: async (model, base, loras, onWork) => {
      const key = JSON.stringify([model.name, await Promise.all(loras.map(stateOf))]);
      await leaveIncomplete();
      const known = loaded.get(key);
      if (known !== undefined) {
        loaded.delete(key);
        loaded.set(key, known);
        return known.models;
      }
      await leave(most - 1);
      const variant = await load(model, base, key, loras, options, onWork);
      loaded.set(key, variant);
      return variant.models;
    },
    letGo: async () => {
      const hadSome = loaded.size > 0;
      await leave(0);
      return hadSome;
    },
  };
}

async function areThere(files: readonly string[]): Promise<boolean> {
  return (await Promise.all(files.map(markUsed))).every(Boolean);
}

async function stateOf({ file, weight, textEncoderWeight = weight }: LoraFile) {
  const { size, mtimeMs } = await stat(file);
  return [file, size, mtimeMs, weight, textEncoderWeight];
}

/**
 * Where weights lie in memory of ours on a device, LoRAs are added to them there, and only their factors come
 * to it.
 */
async function load(...given: LoadingVariant): Promise<Loaded> {
  const { network, places } = given[4];
  if (!isCuda(network.device) || places.layout?.ownsWeights !== true) return loadMerged(mergeLoras, ...given);
  const computed = computePrecision(network.device) === 'float16' ? 'F16' : 'F32';
  const later: typeof mergeLoras = (checkpoint, loras, directory, add) =>
    mergeLorasLater(checkpoint, loras, directory, computed, add);
  return loadMerged(later, ...given).catch((error: unknown) => {
    if (!isPending(error)) throw error;
    process.stderr.write(`engine: LoRAs are merged before they come to the device: ${error}\n`);
    return loadMerged(mergeLoras, ...given);
  });
}

/** Sessions tell what they failed of as their cause. */
function isPending(error: unknown): boolean {
  if (error instanceof PendingTensorError) return true;
  return error instanceof Error && error.cause !== undefined && isPending(error.cause);
}

type LoadingVariant = [
  model: InstalledModel,
  base: Models,
  key: string,
  loras: readonly LoraFile[],
  options: LoraVariantOptions,
  onWork: () => Promise<void>,
];

async function loadMerged(
  merge: typeof mergeLoras,
  ...[model, base, key, loras, { network, places, directory }, onWork]: LoadingVariant
): Promise<Loaded> {
  const opened = await openModel(model, network.device, runtimeLowRank);
  if (isExported(opened))
    throw new CheckpointError(
      `${opened.directory}: the networks are exported; no LoRA can be merged into them`,
    );
  const add: AddLowRank = async (values, product) => {
    await onWork();
    return await runtimeLowRank(values, product);
  };
  const merged = await merge(opened, loras, directory, add);
  const files = newFiles(opened, merged);
  await areThere(files);
  const changed = changedComponents(opened, merged);
  const loaders = networkLoaders(merged, network, places);
  const networks: Loaded['networks'][number][] = [];
  const own = async <Own extends Loaded['networks'][number]>(loading: Promise<Own>): Promise<Own> => {
    const loaded = await loading;
    networks.push(loaded);
    return loaded;
  };
  try {
    const unet = changed.unet ? await own(loaders.unet()) : base.unet;
    const textStages = [];
    for (const [index, stage] of base.textStages.entries()) {
      await onWork();
      const encoder = changed.textEncoders[index] && (await own(loaders.textEncoders[index]!()));
      textStages.push(encoder ? { ...stage, encoder } : stage);
    }
    await deleteUnused(directory);
    return { models: { ...base, unet, textStages, variant: key }, networks, files };
  } catch (error) {
    // Cancelled, or no memory for the next: what is loaded already is nobody's.
    await Promise.all(networks.map((network) => network.release()));
    throw error;
  }
}

/** Files of weights that a checkpoint has and the one it was made from has not. */
function newFiles(before: Checkpoint, after: Checkpoint): string[] {
  const [old, own] = [before, after].map(
    ({ unet, textEncoders }) =>
      new Set(
        [unet, ...textEncoders].flatMap(({ tensors }) => [...tensors.values()].map(({ file }) => file)),
      ),
  );
  return [...own!.difference(old!)];
}
