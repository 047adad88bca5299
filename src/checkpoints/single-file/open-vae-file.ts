import type { Component, TensorLocation } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { parseVaeConfig, type VaeConfig } from '../configs/vae-config.ts';
import { publishedVaeNames } from '../diffusers/published-names.ts';
import { renamedOnce } from '../renamed-tensors.ts';
import { readSafetensorsHeader } from '../safetensors/safetensors.ts';
import { embeddedConfigs } from './embedded-configs.ts';
import { roleInSingleFile } from './ignorable-tensors.ts';
import { inferVaeConfig } from './inferred-configs.ts';
import { asLinear, vaeLevels, vaePrefix } from './sort-tensors.ts';
import { publishedVaeName } from './vae-names.ts';

/**
 * Opens a VAE in a .safetensors file of its own, with original names (with or without first_stage_model.) or
 * diffusers' names. Its config is the one in the file's metadata, or else read off the tensors.
 * @throws CheckpointError naming the file and a tensor that has no place or is missing.
 */
export async function openVaeFile(file: string): Promise<Component<VaeConfig>> {
  const { metadata, tensors } = await readSafetensorsHeader(file, roleInSingleFile);
  const own = isDiffusersVae(tensors) ? publishedVaeNames(tensors) : publishedTensors(tensors, file);
  const configs = embeddedConfigs(metadata, file);
  const config = parseVaeConfig(configs.vae ?? inferVaeConfig(own, file), file);
  return { name: 'vae', directory: file, configFile: file, className: 'AutoencoderKL', config, tensors: own };
}

function isDiffusersVae(tensors: ReadonlyMap<string, TensorLocation>): boolean {
  return [...tensors.keys()].some((name) => name.startsWith('decoder.up_blocks.'));
}

function publishedTensors(
  tensors: ReadonlyMap<string, TensorLocation>,
  file: string,
): Map<string, TensorLocation> {
  const names = [...tensors.keys()];
  const prefix = names.some((name) => name.startsWith(vaePrefix)) ? vaePrefix : '';
  const levels = vaeLevels(names, prefix);
  return renamedOnce(tensors, (original, location) => {
    const name = original.startsWith(prefix)
      ? publishedVaeName(original.slice(prefix.length), levels)
      : undefined;
    if (name === undefined) throw new CheckpointError(`${file}: tensor "${original}" has no place in a VAE`);
    return [name, asLinear(name, location)];
  });
}
