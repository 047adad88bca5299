import type { Component, TensorLocation } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import type { UnetConfig } from '../configs/unet-config.ts';
import { renamedOnce } from '../renamed-tensors.ts';
import { readSafetensorsHeader } from '../safetensors/safetensors.ts';
import { roleInSingleFile } from './ignorable-tensors.ts';
import { blockSpan, unetPrefix } from './sort-tensors.ts';
import { publishedUnetName } from './unet-names.ts';

/** LCM's UNets are told of the guidance scale by this layer (Luo et al. 2023, section 4.2). */
const conditionProjection = 'time_embedding.cond_proj.weight';

/**
 * Opens a UNet in a .safetensors file of its own, in place of another of the same architecture: with
 * diffusers' names or original ones (with or without model.diffusion_model.).
 * @param base whose config it has, but for time_cond_proj_dim, which its tensors show.
 * @throws CheckpointError naming the file and a tensor that has no place in a UNet.
 */
export async function openUnetFile(
  file: string,
  base: Component<UnetConfig>,
): Promise<Component<UnetConfig>> {
  const { tensors, metadata } = await readSafetensorsHeader(file, roleInSingleFile);
  const isDiffusers = [...tensors.keys()].some((name) => name.startsWith('down_blocks.'));
  const own = isDiffusers ? tensors : publishedTensors(tensors, file);
  const config = { ...base.config, time_cond_proj_dim: own.get(conditionProjection)?.shape[1] ?? null };
  const { name, className } = base;
  return { name, className, directory: file, configFile: base.configFile, config, tensors: own, metadata };
}

function publishedTensors(
  tensors: ReadonlyMap<string, TensorLocation>,
  file: string,
): Map<string, TensorLocation> {
  const names = [...tensors.keys()];
  const prefix = names.some((name) => name.startsWith(unetPrefix)) ? unetPrefix : '';
  const span = blockSpan(names.map((name) => `${unetPrefix}${name.slice(prefix.length)}`));
  return renamedOnce(tensors, (original, location) => {
    const name = original.startsWith(prefix)
      ? publishedUnetName(original.slice(prefix.length), span)
      : undefined;
    if (name === undefined) throw new CheckpointError(`${file}: tensor "${original}" has no place in a UNet`);
    return [name, location];
  });
}
