import path from 'node:path';
import type { Checkpoint, Component } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { type ClipTextConfig, parseClipTextConfig } from '../configs/clip-text-config.ts';
import { publishedBase, publishedRefiner } from '../configs/published-configs.ts';
import { parseUnetConfig } from '../configs/unet-config.ts';
import { parseVaeConfig, type VaeConfig } from '../configs/vae-config.ts';
import { readSafetensorsHeader } from '../safetensors/safetensors.ts';
import { embeddedConfigs } from './embedded-configs.ts';
import { roleInSingleFile } from './ignorable-tensors.ts';
import { inferClipTextConfig, inferUnetConfig, inferVaeConfig, type Tensors } from './inferred-configs.ts';
import { sortTensors, type TextEncoderPrefixes, unetPrefix, vaePrefix } from './sort-tensors.ts';
import { markedConfigs } from './training-markers.ts';

const clipPrefix = 'conditioner.embedders.0.transformer.';
const basePrefixes = { text_encoder: clipPrefix, text_encoder_2: 'conditioner.embedders.1.model.' };
const refinerPrefixes = { text_encoder_2: 'conditioner.embedders.0.model.' };

/**
 * Opens an SDXL checkpoint in one .safetensors file with the original names (model.diffusion_model.,
 * conditioner., first_stage_model.). Reads the header only. Configs are those in the file's metadata (see
 * embeddedConfigs), or else read off the tensors. The tokenizers are CLIP's own.
 * @param replacedVae another VAE to take; the file need not have one then.
 * @throws CheckpointError naming the file and what it lacks, or a tensor that has no place.
 */
export async function openSingleFile(file: string, replacedVae?: Component<VaeConfig>): Promise<Checkpoint> {
  const header = await readSafetensorsHeader(file, roleInSingleFile);
  const { metadata, tensors } = header;
  const prefixes = textEncoderPrefixes([...tensors.keys()], file);
  const isRefiner = prefixes.text_encoder === undefined;
  const sorted = sortTensors(tensors, prefixes, file);
  const configs = embeddedConfigs(metadata, file);
  const marked = await markedConfigs(header, file);
  const common = { directory: file, configFile: file };

  const textEncoder = (
    name: 'text_encoder' | 'text_encoder_2',
    className: string,
  ): Component<ClipTextConfig> => {
    const own = sorted.get(name)!;
    const config = parseClipTextConfig(configs[name] ?? inferClipTextConfig(name, own, file), file);
    return { ...common, name, className, config, tensors: own };
  };
  const textEncoders = [
    ...(isRefiner ? [] : [textEncoder('text_encoder', 'CLIPTextModel')]),
    textEncoder('text_encoder_2', 'CLIPTextModelWithProjection'),
  ];

  const builtInVae = (own: Tensors | undefined): Component<VaeConfig> => {
    if (own === undefined)
      throw new CheckpointError(`${file}: has no VAE (${vaePrefix}*); a separate VAE must be given`);
    const config = parseVaeConfig({ ...(configs.vae ?? inferVaeConfig(own, file)), ...marked.vae }, file);
    return { ...common, name: 'vae', className: 'AutoencoderKL', config, tensors: own };
  };

  const unetTensors = sorted.get('unet')!;
  const pooledWidth = textEncoders.at(-1)!.config.projection_dim;
  const timeIds = isRefiner ? 5 : 6;
  const published = isRefiner ? publishedRefiner : publishedBase;
  return {
    name: path.basename(file, path.extname(file)),
    directory: file,
    unet: {
      ...common,
      name: 'unet',
      className: 'UNet2DConditionModel',
      config: parseUnetConfig(
        configs.unet ?? inferUnetConfig(unetTensors, file, { pooledWidth, timeIds }),
        file,
      ),
      tensors: unetTensors,
      metadata,
    },
    vae: replacedVae ?? builtInVae(sorted.get('vae')),
    textEncoders,
    tokenizerDirectories: textEncoders.map(() => undefined),
    scheduler: { ...(configs.scheduler ?? published.scheduler), ...marked.scheduler },
    forceZerosForEmptyPrompt: !isRefiner,
    requiresAestheticsScore: isRefiner,
  };
}

/**
 * @throws CheckpointError saying what the file is instead of an SDXL checkpoint, as far as its names tell.
 */
function textEncoderPrefixes(names: readonly string[], file: string): TextEncoderPrefixes {
  const has = (prefix: string) => names.some((name) => name.startsWith(prefix));
  if (!has(unetPrefix)) {
    const kind =
      has('lora_') || names.some((name) => /\.lora_(A|B|down|up)\./.test(name)) ? ' (it is a LoRA)' : '';
    throw new CheckpointError(`${file}: is no SDXL checkpoint: it has no ${unetPrefix}* tensors${kind}`);
  }
  const prefixes = has(clipPrefix) ? basePrefixes : refinerPrefixes;
  if (!has(prefixes.text_encoder_2))
    throw new CheckpointError(
      `${file}: is no SDXL checkpoint: it has no text encoder ${prefixes.text_encoder_2}*; ` +
        'files of Stable Diffusion 1 and 2 and bare UNets are not supported',
    );
  return prefixes;
}
