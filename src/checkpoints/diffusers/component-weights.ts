import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { TensorLocation } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { isJsonObject, readJsonObject } from '../json-file.ts';
import { isIgnorableTensor, readSafetensorsHeader } from '../safetensors/safetensors.ts';

const pickleName = /\.(bin|ckpt|pt|pth|pkl)$/;

/**
 * Every tensor of a component's folder by its name in the file. Full precision is taken before the fp16
 * variant and one file before shards, under the names save_pretrained has given them over the years.
 * @param stem diffusion_pytorch_model for diffusers networks, model for transformers ones.
 * @throws CheckpointError naming the folder, or the file and the tensor.
 */
export async function readComponentWeights(
  directory: string,
  stem: string,
): Promise<Map<string, TensorLocation>> {
  const present = await readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    throw new CheckpointError(`${directory}: ${cause.code === 'ENOENT' ? 'missing' : cause.message}`, {
      cause,
    });
  });
  const candidates = [
    `${stem}.safetensors`,
    `${stem}.safetensors.index.json`,
    `${stem}.fp16.safetensors`,
    `${stem}.safetensors.index.fp16.json`,
    `${stem}.fp16.safetensors.index.json`,
  ];
  const found = candidates.find((name) => present.includes(name));
  if (found === undefined) {
    const pickle = present.find((name) => pickleName.test(name));
    throw new CheckpointError(
      pickle === undefined
        ? `${directory}: no weights: expected ${stem}.safetensors or ${stem}.safetensors.index.json`
        : `${path.join(directory, pickle)}: Python pickles can run code and are refused; convert the weights to safetensors`,
    );
  }
  const file = path.join(directory, found);
  return found.endsWith('.json') ? readShards(file) : (await readSafetensorsHeader(file)).tensors;
}

/** A shard index ({ weight_map: tensor -> file name }) and its shards must name exactly the same tensors. */
async function readShards(indexFile: string): Promise<Map<string, TensorLocation>> {
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
  for (const shard of [...new Set(shardOf.values())].sort()) {
    const file = path.join(path.dirname(indexFile), shard);
    for (const [name, location] of (await readSafetensorsHeader(file)).tensors) {
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
  return tensors;
}
