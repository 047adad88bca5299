import path from 'node:path';
import type { Checkpoint, Component, Dtype, TensorLocation } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import {
  fileState,
  fileStates,
  preparedFile,
  readPrepared,
  writePrepared,
} from '../safetensors/prepared-file.ts';
import { readLora } from './lora-file.ts';
import { loraTargets } from './lora-targets.ts';
import { type AddLowRank, addLowRank } from './low-rank.ts';
import { type Change, type Changed, mergedSources, productsOf } from './merged-sources.ts';
import { withTensors, withTensorsFrom } from './merged-tensors.ts';
import { canWait, withPending } from './pending-products.ts';

/** A LoRA file and how strongly it is applied; 1 as trained, negative the other way. */
export interface LoraFile {
  readonly file: string;
  readonly weight: number;
  /** Of the text encoders; as `weight` where absent. */
  readonly textEncoderWeight?: number;
}

/**
 * Adds LoRAs to a checkpoint: W + sum of weight * change, in float32, stored in W's element type in one side
 * file in `outputDirectory`; every other tensor stays where it is. The change is scale * delta, of DoRA what
 * the whole weight becomes less W, each from the checkpoint's own W. A side file made from the same files and
 * weights is kept.
 * @param add multiplies and adds; by default slowly and in float64.
 * @throws CheckpointError naming the LoRA file and what of it does not fit the checkpoint.
 */
export async function mergeLoras(
  checkpoint: Checkpoint,
  loras: readonly LoraFile[],
  outputDirectory: string,
  add: AddLowRank = addLowRank,
): Promise<Checkpoint> {
  if (loras.length === 0) return checkpoint;
  const changed = await changesOf(checkpoint, loras);
  return withSideFile(checkpoint, changed, outputDirectory, await madeFrom(checkpoint, loras), add);
}

/**
 * As mergeLoras, but for the UNet's tensors that nothing but products is added to: those are left to whoever
 * has them in memory (see TensorLocation.pending), and only the others are written.
 * @param computed what the UNet computes in: tensors of other types are written too.
 */
export async function mergeLorasLater(
  checkpoint: Checkpoint,
  loras: readonly LoraFile[],
  outputDirectory: string,
  computed: Dtype,
  add: AddLowRank = addLowRank,
): Promise<Checkpoint> {
  // Before they are read: what replaces them meanwhile has another time.
  const files = await Promise.all([...new Set(loras.map(({ file }) => file))].map(fileState));
  const changed = await changesOf(checkpoint, loras);
  const later = new Map<string, TensorLocation>();
  for (const [name, { location, changes }] of changed) {
    const applied = changes.filter(({ weight }) => weight !== 0);
    const parts = productsOf(applied);
    if (!name.startsWith('unet.') || parts === undefined || !canWait(location, computed)) continue;
    const products = parts.map(({ delta: { up, down }, scale }) => ({ up, down, scale }));
    later.set(name, parts.length === 0 ? location : withPending({ onto: location, products, files }));
    changed.delete(name);
  }
  const made = { ...(await madeFrom(checkpoint, loras)), without: computed };
  const written =
    changed.size === 0 ? checkpoint : await withSideFile(checkpoint, changed, outputDirectory, made, add);
  return withTensors(written, later);
}

type Changes = Map<string, Changed>;

/** What files change, by component and tensor. */
async function changesOf(checkpoint: Checkpoint, loras: readonly LoraFile[]): Promise<Changes> {
  const targets = loraTargets(checkpoint);
  const changed = new Map<string, Changed>();
  const put = (component: string, tensor: string, location: TensorLocation, change: Change) => {
    const name = `${component}.${tensor}`;
    if (!changed.has(name)) changed.set(name, { location, changes: [] });
    changed.get(name)!.changes.push(change);
  };
  for (const lora of loras) {
    requireLoraFile(lora.file, lora.weight);
    for (const { target, bias, ...change } of await readLora(lora.file, targets)) {
      const { component, tensor, location } = target;
      const weight = component === 'unet' ? lora.weight : (lora.textEncoderWeight ?? lora.weight);
      if (change.delta !== undefined) put(component, tensor, location, { ...change, weight });
      if (bias !== undefined)
        put(component, target.bias!.tensor, target.bias!.location, {
          ...{ weight, scale: bias.scale, magnitude: undefined },
          delta: { kind: 'difference', values: bias.location },
        });
    }
  }
  return changed;
}

async function withSideFile(
  checkpoint: Checkpoint,
  changed: Changes,
  outputDirectory: string,
  made: object,
  add: AddLowRank,
): Promise<Checkpoint> {
  const side = preparedFile(outputDirectory, 'loras', made);
  if ((await readPrepared(side)) === undefined) {
    const sorted = [...changed].sort(([a], [b]) => (a < b ? -1 : 1));
    await writePrepared(side, mergedSources(sorted, add));
  }
  return withTensorsFrom(checkpoint, side.file);
}

function requireLoraFile(file: string, weight: number): void {
  if (path.extname(file).toLowerCase() !== '.safetensors')
    throw new CheckpointError(`${file}: a LoRA is a .safetensors file`);
  if (!Number.isFinite(weight))
    throw new CheckpointError(`${file}: its weight is ${weight}; it must be a number`);
}

/** The files behind the merged tensors, and the weights. */
async function madeFrom({ unet, textEncoders }: Checkpoint, loras: readonly LoraFile[]) {
  return {
    base: await fileStates([unet, ...textEncoders].flatMap(filesOf)),
    loras: await Promise.all(
      loras.map(async ({ file, weight, textEncoderWeight = weight }) => [
        ...(await fileState(file)),
        weight,
        ...(textEncoderWeight === weight ? [] : [textEncoderWeight]),
      ]),
    ),
  };
}

function filesOf({ tensors }: Component<unknown>): string[] {
  return [...tensors.values()].map(({ file }) => file);
}
