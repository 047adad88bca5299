import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { TensorLocation } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { isJsonObject, readJsonObject } from '../json-file.ts';
import { isIgnorableTensor, readSafetensorsHeader } from '../safetensors/safetensors.ts';

const pickleName = /\.(bin|ckpt|pt|pth|pkl)$/;

/** A file of a component's weights: all of them, or the index of shards; undefined where it is neither. */
interface WeightsFile {
  readonly name: string;
  /** As in model.fp16.safetensors; undefined for the plain one. */
  readonly variant: string | undefined;
  readonly isIndex: boolean;
}

/** Of several variants without a plain file, the first of these; others only where there is one alone. */
const variantOrder = ['fp32', 'fp16', 'bf16'];

/** What a component's files hold. */
export interface ComponentWeights {
  /** By name in the file. */
  readonly tensors: Map<string, TensorLocation>;
  /** Of the file, or of the first shard. */
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Every tensor of a component's folder. As from_pretrained without a variant: the
 * plain file before any other, and of a file and an index the one that the library takes: the index in
 * diffusers 0.42.1 (models/modeling_utils.py), the file in transformers. A folder without a plain file gives
 * its variant, fp32, fp16 or bf16 first.
 * @param stem diffusion_pytorch_model for diffusers networks, model for transformers ones.
 * @throws CheckpointError naming the folder, or the file and the tensor.
 */
export async function readComponentWeights(directory: string, stem: string): Promise<ComponentWeights> {
  const present = await readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    throw new CheckpointError(`${directory}: ${cause.code === 'ENOENT' ? 'missing' : cause.message}`, {
      cause,
    });
  });
  const found = chosenFile(
    present.sort().flatMap((name) => weightsFile(name, stem) ?? []),
    stem,
    directory,
  );
  if (found === undefined) {
    const pickle = present.find((name) => pickleName.test(name));
    throw new CheckpointError(
      pickle === undefined
        ? `${directory}: no weights: expected ${stem}.safetensors or ${stem}.safetensors.index.json`
        : `${path.join(directory, pickle)}: Python pickles can run code and are refused; convert the weights to safetensors`,
    );
  }
  const file = path.join(directory, found.name);
  return found.isIndex ? readShards(file) : await readSafetensorsHeader(file);
}

/** The names save_pretrained has given files and indexes over the years. */
function weightsFile(name: string, stem: string): WeightsFile | undefined {
  if (!name.startsWith(`${stem}.`)) return undefined;
  const rest = name.slice(stem.length);
  const match =
    /^(?:\.(?<variant>[\w-]+))?\.safetensors(?<index>\.index\.json)?$/.exec(rest) ??
    /^\.safetensors(?<index>\.index)\.(?<variant>[\w-]+)\.json$/.exec(rest);
  if (match === null || /-of-\d+$/.test(match.groups?.variant ?? '')) return undefined;
  return { name, variant: match.groups?.variant, isIndex: match.groups?.index !== undefined };
}

function chosenFile(files: readonly WeightsFile[], stem: string, directory: string): WeightsFile | undefined {
  const variants = [...new Set(files.map(({ variant }) => variant))];
  const order = [undefined, ...variantOrder];
  const [first] = variants.length === 1 ? variants : order.filter((variant) => variants.includes(variant));
  const chosen = files.filter(({ variant }) => variant === first);
  if (chosen.length === 0 && variants.length > 1)
    throw new CheckpointError(
      `${directory}: holds ${files.map(({ name }) => name).join(' and ')}; rename the one to take to ${stem}.safetensors`,
    );
  const indexFirst = stem === 'diffusion_pytorch_model';
  return chosen.find(({ isIndex }) => isIndex === indexFirst) ?? chosen[0];
}

/** A shard index ({ weight_map: tensor -> file name }) and its shards must name exactly the same tensors. */
async function readShards(indexFile: string): Promise<ComponentWeights> {
  const { weight_map: weightMap } = await readJsonObject(indexFile);
  if (!isJsonObject(weightMap)) throw new CheckpointError(`${indexFile}: weight_map must be an object`);
  const shardOf = new Map<string, string>();
  for (const [name, shard] of Object.entries(weightMap)) {
    if (typeof shard !== 'string' || !/^[\w.-]+\.safetensors$/.test(shard))
      throw new CheckpointError(
        `${indexFile}: tensor "${name}" is mapped to ${JSON.stringify(shard)}, which names no .safetensors file of this folder`,
      );
    shardOf.set(name, shard);
  }
  const tensors = new Map<string, TensorLocation>();
  let metadata: ComponentWeights['metadata'] | undefined;
  for (const shard of [...new Set(shardOf.values())].sort()) {
    const file = path.join(path.dirname(indexFile), shard);
    const header = await readSafetensorsHeader(file);
    metadata ??= header.metadata;
    for (const [name, location] of header.tensors) {
      if (shardOf.get(name) !== shard)
        throw new CheckpointError(
          `${file}: tensor "${name}" is ${shardOf.has(name) ? `mapped to ${shardOf.get(name)}` : 'absent'} in ${indexFile}`,
        );
      tensors.set(name, location);
    }
  }
  for (const [name, shard] of shardOf)
    if (!tensors.has(name) && !isIgnorableTensor(name))
      throw new CheckpointError(`${path.join(path.dirname(indexFile), shard)}: tensor "${name}" is missing`);
  return { tensors, metadata: metadata ?? {} };
}
