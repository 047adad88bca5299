import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Dtype } from '../checkpoint.ts';
import { parseClipTextConfig } from '../configs/clip-text-config.ts';
import type { CheckpointDescription } from '../configs/published-configs.ts';
import { parseUnetConfig } from '../configs/unet-config.ts';
import { parseVaeConfig } from '../configs/vae-config.ts';
import { elementBytes } from '../safetensors/write-safetensors.ts';
import { clipTextTensors } from './clip-text-tensors.ts';
import { clipTextRecipe, unetRecipe, vaeRecipe } from './recipes.ts';
import { type RandomTensors, writeRandomSafetensors } from './safetensors-writer.ts';
import { elementCount, type Shapes } from './shapes.ts';
import { torchRecipe } from './torch-recipe.ts';
import { unetTensors } from './unet-tensors.ts';
import { vaeTensors } from './vae-tensors.ts';

type Json = Readonly<Record<string, unknown>>;

export interface WeightOptions {
  readonly seed: number;
  readonly dtype: Dtype;
  /**
   * Split a component's weights into files of at most so many bytes, with an index, as save_pretrained does.
   */
  readonly maxShardBytes?: number;
  /** Text encoder names as transformers 5 writes them, without text_model. */
  readonly bareTextEncoderNames?: boolean;
  /**
   * Weights as torch initialises new layers, instead of ones with which a run of the sampler contracts and
   * prompts matter.
   */
  readonly torchInitialised?: boolean;
  /** Infix of weight file names, as save_pretrained(variant=...) has it. */
  readonly variant?: 'fp16';
}

/**
 * Writes a checkpoint of random weights into `directory` (missing or empty) in the layout of diffusers'
 * save_pretrained.
 * @throws Error where something lies there.
 */
export async function writeCheckpoint(
  directory: string,
  description: CheckpointDescription,
  options: WeightOptions,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  if ((await readdir(directory)).length > 0) throw new Error(`${directory} is not empty`);
  await writeJson(path.join(directory, 'model_index.json'), description.modelIndex);
  await writeJson(path.join(directory, 'scheduler', 'scheduler_config.json'), description.scheduler);
  const common = { ...options, nameInFile: (name: string) => name };

  const unetFile = path.join(directory, 'unet', 'config.json');
  const unet = parseUnetConfig(description.unet, unetFile);
  await writeJson(unetFile, description.unet);
  await writeWeights(path.join(directory, 'unet', 'diffusion_pytorch_model'), options, {
    ...common,
    shapes: unetTensors(unet),
    recipe: (name, shape) => unetRecipe(name, shape, unet.block_out_channels[0]!),
  });

  const vaeFile = path.join(directory, 'vae', 'config.json');
  const vae = parseVaeConfig(description.vae, vaeFile);
  await writeJson(vaeFile, description.vae);
  await writeWeights(path.join(directory, 'vae', 'diffusion_pytorch_model'), options, {
    ...common,
    shapes: vaeTensors(vae),
    recipe: (name, shape) => vaeRecipe(name, shape, vae.scaling_factor),
  });

  for (const [name, json] of Object.entries(description.textEncoders)) {
    const file = path.join(directory, name, 'config.json');
    const projected = name === 'text_encoder_2';
    await writeJson(file, json);
    await writeWeights(path.join(directory, name, 'model'), options, {
      ...common,
      seed: options.seed + (projected ? 2 : 1),
      shapes: clipTextTensors(parseClipTextConfig(json, file), projected),
      recipe: clipTextRecipe,
      nameInFile: (tensor) => (options.bareTextEncoderNames ? tensor.replace(/^text_model\./, '') : tensor),
    });
  }
}

async function writeWeights(stem: string, options: WeightOptions, tensors: RandomTensors): Promise<void> {
  const infix = options.variant === undefined ? '' : `.${options.variant}`;
  const drawn = options.torchInitialised === true ? torchInitialised(tensors) : tensors;
  const shards = split(drawn, options.maxShardBytes ?? Number.POSITIVE_INFINITY);
  if (shards.length === 1) return writeRandomSafetensors(`${stem}${infix}.safetensors`, drawn);
  const weightMap: Record<string, string> = {};
  for (const [index, shapes] of shards.entries()) {
    const place = `${String(index + 1).padStart(5, '0')}-of-${String(shards.length).padStart(5, '0')}`;
    const file = `${stem}${infix}-${place}.safetensors`;
    await writeRandomSafetensors(file, { ...drawn, shapes });
    for (const name of shapes.keys()) weightMap[drawn.nameInFile(name)] = path.basename(file);
  }
  const totalSize = shards.reduce((sum, shapes) => sum + byteCount(shapes, drawn.dtype), 0);
  await writeJson(`${stem}.safetensors.index${infix}.json`, {
    metadata: { total_size: totalSize },
    weight_map: weightMap,
  });
}

function torchInitialised(tensors: RandomTensors): RandomTensors {
  return { ...tensors, recipe: (name, shape) => torchRecipe(name, shape, tensors.shapes) };
}

/** Fills shards in order, each up to the limit. */
function split({ shapes, dtype }: RandomTensors, maxShardBytes: number): Shapes[] {
  const shards: Shapes[] = [];
  let room = 0;
  for (const [name, shape] of shapes) {
    const bytes = elementCount(shape) * elementBytes[dtype];
    if (shards.length === 0 || bytes > room) {
      shards.push(new Map());
      room = maxShardBytes;
    }
    shards.at(-1)!.set(name, shape);
    room -= bytes;
  }
  return shards;
}

function byteCount(shapes: Shapes, dtype: Dtype): number {
  return [...shapes.values()].reduce((sum, shape) => sum + elementCount(shape) * elementBytes[dtype], 0);
}

async function writeJson(file: string, value: Json): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, `${JSON.stringify(value, null, 2)}\n`);
}
