import { stat } from 'node:fs/promises';
import path from 'node:path';
import type { Checkpoint, Component, TensorLocation } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { parseClipTextConfig } from '../configs/clip-text-config.ts';
import { configReader } from '../configs/config-reader.ts';
import { parseUnetConfig } from '../configs/unet-config.ts';
import { parseVaeConfig, type VaeConfig } from '../configs/vae-config.ts';
import { type JsonObject, readJsonObject } from '../json-file.ts';
import { readComponentWeights } from './component-weights.ts';
import { publishedTextEncoderNames, publishedVaeNames } from './published-names.ts';

/**
 * Opens a checkpoint as diffusers' save_pretrained writes it: model_index.json, a folder with config.json and
 * safetensors per component. Reads configs and tensor headers only.
 * @throws CheckpointError naming the missing component, or the file and the config key or tensor at fault.
 */
export async function openDiffusersFolder(directory: string): Promise<Checkpoint> {
  const root = path.resolve(directory);
  const indexFile = path.join(root, 'model_index.json');
  const index = await readJsonObject(indexFile);
  const read = configReader(index, indexFile);
  read.oneOf('_class_name', ['StableDiffusionXLPipeline', 'StableDiffusionXLImg2ImgPipeline']);
  const unetClass = componentClass(index, indexFile, 'unet', ['UNet2DConditionModel']);
  const vaeClass = componentClass(index, indexFile, 'vae', ['AutoencoderKL']);
  const unet = await openComponent(root, 'unet', unetClass!, 'diffusion_pytorch_model', parseUnetConfig);
  const vae = await openComponent(
    root,
    'vae',
    vaeClass!,
    'diffusion_pytorch_model',
    parseVaeConfig,
    publishedVaeNames,
  );
  const textEncoders = [];
  const tokenizerDirectories = [];
  for (const [name, className, tokenizer] of [
    ['text_encoder', 'CLIPTextModel', 'tokenizer'],
    ['text_encoder_2', 'CLIPTextModelWithProjection', 'tokenizer_2'],
  ] as const) {
    if (componentClass(index, indexFile, name, [className], name === 'text_encoder') === undefined) continue;
    textEncoders.push(
      await openComponent(root, name, className, 'model', parseClipTextConfig, publishedTextEncoderNames),
    );
    tokenizerDirectories.push(await tokenizerDirectory(root, index, indexFile, tokenizer));
  }
  componentClass(index, indexFile, 'scheduler');
  return {
    name: path.basename(root),
    directory: root,
    unet,
    vae,
    textEncoders,
    tokenizerDirectories,
    scheduler: await readJsonObject(path.join(root, 'scheduler', 'scheduler_config.json')),
    forceZerosForEmptyPrompt: read.boolean('force_zeros_for_empty_prompt', true),
    requiresAestheticsScore: read.boolean('requires_aesthetics_score', false),
  };
}

/**
 * The class model_index.json gives for a component ([library, class]), undefined for an absent optional one
 * ([null, null]).
 */
function componentClass(
  index: JsonObject,
  file: string,
  name: string,
  supported?: readonly string[],
  optional = false,
): string | undefined {
  const entry = index[name];
  const className: unknown = Array.isArray(entry) ? entry[1] : undefined;
  if (typeof className !== 'string') {
    if (optional && (entry === undefined || className === null)) return undefined;
    throw new CheckpointError(`${file}: the component ${name} is missing`);
  }
  if (supported !== undefined && !supported.includes(className))
    throw new CheckpointError(
      `${file}: ${name} is a ${className}; only ${supported.join(', ')} is supported`,
    );
  return className;
}

async function openComponent<Config>(
  root: string,
  name: string,
  className: string,
  stem: string,
  parse: (json: JsonObject, file: string) => Config,
  publishedNames = (tensors: ReadonlyMap<string, TensorLocation>) => tensors,
): Promise<Component<Config>> {
  const directory = path.join(root, name);
  const configFile = path.join(directory, 'config.json');
  if (!(await stat(directory).catch(() => undefined))?.isDirectory())
    throw new CheckpointError(`${root}: the folder of the component ${name} is missing`);
  const config = parse(await readJsonObject(configFile), configFile);
  const { tensors, metadata } = await readComponentWeights(directory, stem);
  return { name, directory, configFile, className, config, tensors: publishedNames(tensors), metadata };
}

/**
 * Opens the folder of a VAE by itself: config.json and weights.
 * @throws CheckpointError naming file and key or tensor.
 */
export async function openVaeFolder(directory: string): Promise<Component<VaeConfig>> {
  const configFile = path.join(directory, 'config.json');
  const config = parseVaeConfig(await readJsonObject(configFile), configFile);
  const weights = await readComponentWeights(directory, 'diffusion_pytorch_model');
  const tensors = publishedVaeNames(weights.tensors);
  return { name: 'vae', directory, configFile, className: 'AutoencoderKL', config, tensors };
}

async function tokenizerDirectory(
  root: string,
  index: JsonObject,
  file: string,
  name: string,
): Promise<string | undefined> {
  if (componentClass(index, file, name, undefined, true) === undefined) return undefined;
  const directory = path.join(root, name);
  if (!(await stat(directory).catch(() => undefined))?.isDirectory())
    throw new CheckpointError(`${root}: the folder of the component ${name} is missing`);
  return directory;
}
