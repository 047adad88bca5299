import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Checkpoint, Component } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import { type ClipTextConfig, parseClipTextConfig } from '../configs/clip-text-config.ts';
import { requireAgreement } from '../configs/component-agreement.ts';
import { configReader } from '../configs/config-reader.ts';
import { parseUnetConfig, type UnetConfig } from '../configs/unet-config.ts';
import { parseVaeConfig, type VaeConfig } from '../configs/vae-config.ts';
import { type JsonObject, readJsonObject } from '../json-file.ts';
import { requireOwnData } from './external-data.ts';

/** One network that was exported to ONNX. */
export interface ExportedNetwork<Config> {
  /** Its folder in the checkpoint: unet, vae_decoder, vae_encoder, text_encoder, text_encoder_2. */
  readonly name: string;
  readonly directory: string;
  readonly config: Config;
  /** Absolute; it and every file it reads have been checked to lie in the folder. */
  readonly modelFile: string;
  /** Of the model and its external data. */
  readonly bytes: number;
}

/**
 * A folder as Hugging Face optimum exports a pipeline, nothing but configs and the models' structure read.
 */
export interface ExportedCheckpoint
  extends Pick<
    Checkpoint,
    | 'name'
    | 'directory'
    | 'tokenizerDirectories'
    | 'scheduler'
    | 'forceZerosForEmptyPrompt'
    | 'requiresAestheticsScore'
  > {
  readonly unet: ExportedNetwork<UnetConfig>;
  readonly vaeEncoder: ExportedNetwork<VaeConfig>;
  readonly vaeDecoder: ExportedNetwork<VaeConfig>;
  readonly textEncoders: readonly ExportedNetwork<ClipTextConfig>[];
}

/** The name optimum gives every exported network. */
const modelName = 'model.onnx';

/** Whether a folder holds an exported UNet and no weights to build one from. */
export async function isExportedFolder(directory: string): Promise<boolean> {
  const files: string[] = await readdir(path.join(directory, 'unet')).catch(() => []);
  return files.includes(modelName) && !files.some((file) => file.includes('.safetensors'));
}

/**
 * Opens a folder with model_index.json and one folder per network that holds config.json and model.onnx.
 * @throws CheckpointError naming the missing folder, or the file and what is wrong with it.
 */
export async function openExportedFolder(directory: string): Promise<ExportedCheckpoint> {
  const root = path.resolve(directory);
  const indexFile = path.join(root, 'model_index.json');
  const index = await readJsonObject(indexFile);
  const read = configReader(index, indexFile);
  const names = ['text_encoder', 'text_encoder_2'].filter((name) => isNamed(index[name]));
  const textEncoders = [];
  const tokenizerDirectories = [];
  for (const name of names) {
    textEncoders.push(await openNetwork(root, name, parseClipTextConfig));
    const tokenizer = path.join(root, name.replace('text_encoder', 'tokenizer'));
    tokenizerDirectories.push((await isDirectory(tokenizer)) ? tokenizer : undefined);
  }
  if (!names.includes('text_encoder_2'))
    throw new CheckpointError(`${indexFile}: the component text_encoder_2 is missing`);
  const checkpoint: ExportedCheckpoint = {
    name: path.basename(root),
    directory: root,
    unet: await openNetwork(root, 'unet', parseUnetConfig),
    vaeEncoder: await openNetwork(root, 'vae_encoder', parseVaeConfig),
    vaeDecoder: await openNetwork(root, 'vae_decoder', parseVaeConfig),
    textEncoders,
    tokenizerDirectories,
    scheduler: await readJsonObject(path.join(root, 'scheduler', 'scheduler_config.json')),
    forceZerosForEmptyPrompt: read.boolean('force_zeros_for_empty_prompt', true),
    requiresAestheticsScore: read.boolean('requires_aesthetics_score', false),
  };
  requireAgreement({
    ...checkpoint,
    unet: withoutTensors(checkpoint.unet),
    vae: withoutTensors(checkpoint.vaeDecoder),
    textEncoders: textEncoders.map(withoutTensors),
  });
  return checkpoint;
}

/** model_index.json has [library, class] for a component, [null, null] for an absent one. */
function isNamed(entry: unknown): boolean {
  return Array.isArray(entry) && entry[1] !== null;
}

async function openNetwork<Config>(
  root: string,
  name: string,
  parse: (json: JsonObject, file: string) => Config,
): Promise<ExportedNetwork<Config>> {
  const directory = path.join(root, name);
  if (!(await isDirectory(directory)))
    throw new CheckpointError(`${root}: the folder of the exported network ${name} is missing`);
  const configFile = path.join(directory, 'config.json');
  const config = parse(await readJsonObject(configFile), configFile);
  const modelFile = path.join(directory, modelName);
  const files = [modelFile, ...(await requireOwnData(modelFile))];
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  return { name, directory, config, modelFile, bytes: sizes.reduce((sum, size) => sum + size, 0) };
}

function withoutTensors<Config>({ name, directory, config }: ExportedNetwork<Config>): Component<Config> {
  const configFile = path.join(directory, 'config.json');
  return { name, directory, configFile, className: '', config, tensors: new Map() };
}

async function isDirectory(place: string): Promise<boolean> {
  return stat(place).then(
    (status) => status.isDirectory(),
    () => false,
  );
}
