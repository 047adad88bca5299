import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { Dtype } from '../checkpoint.ts';
import type { CheckpointDescription } from '../configs/published-configs.ts';
import { openCheckpoint } from '../open-checkpoint.ts';
import { type WeightOptions, writeCheckpoint } from './checkpoint-writer.ts';
import { writeSingleFile } from './single-file-writer.ts';
import { tinyBase, tinyRefiner } from './tiny-configs.ts';

/** Keys of a component's config.json that replace the tiny checkpoint's own. */
type Overrides = Readonly<Record<string, unknown>>;

export interface TinyCheckpointOptions extends Partial<WeightOptions> {
  readonly baseUnet?: Overrides;
  readonly refinerUnet?: Overrides;
  readonly vae?: Overrides;
  readonly textEncoder?: Overrides;
  readonly textEncoder2?: Overrides;
}

/**
 * Attention on the 32 x 32 level of a 1024 x 1024 picture only: the 4096 tokens of the level above take three
 * quarters of a step on a CPU. For serving, where the time of a picture matters more than SDXL's exact shape.
 */
export const quickVariant: TinyCheckpointOptions = {
  baseUnet: {
    down_block_types: ['DownBlock2D', 'DownBlock2D', 'CrossAttnDownBlock2D'],
    up_block_types: ['CrossAttnUpBlock2D', 'UpBlock2D', 'UpBlock2D'],
  },
  refinerUnet: {
    down_block_types: ['DownBlock2D', 'DownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
    up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D', 'UpBlock2D'],
  },
};

/**
 * Writes complete base and refiner checkpoints of SDXL's architecture with seeded random weights (their
 * pictures are noise) as tiny-base and tiny-refiner into `directory`, replacing earlier ones. The same
 * options give the same bytes everywhere.
 * @returns the two checkpoint directories.
 */
export async function writeTinyCheckpoints(
  directory: string,
  options: TinyCheckpointOptions = {},
): Promise<{ base: string; refiner: string }> {
  const { baseUnet, refinerUnet, vae, textEncoder, textEncoder2, ...weights } = options;
  const describe = (tiny: CheckpointDescription, unet: Overrides | undefined): CheckpointDescription => ({
    ...tiny,
    unet: { ...tiny.unet, ...unet },
    vae: { ...tiny.vae, ...vae },
    textEncoders: Object.fromEntries(
      Object.entries(tiny.textEncoders).map(([name, config]) => [
        name,
        { ...config, ...(name === 'text_encoder' ? textEncoder : textEncoder2) },
      ]),
    ),
  });
  await mkdir(directory, { recursive: true });
  const partial = await mkdtemp(path.join(directory, '.partial-'));
  try {
    const seed = weights.seed ?? 0;
    const dtype = weights.dtype ?? 'F16';
    await writeCheckpoint(path.join(partial, 'tiny-base'), describe(tinyBase, baseUnet), {
      ...weights,
      seed,
      dtype,
    });
    await writeCheckpoint(path.join(partial, 'tiny-refiner'), describe(tinyRefiner, refinerUnet), {
      ...weights,
      seed: seed + 100,
      dtype,
    });
    for (const name of ['tiny-base', 'tiny-refiner']) {
      await rm(path.join(directory, name), { recursive: true, force: true });
      await rename(path.join(partial, name), path.join(directory, name));
    }
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return { base: path.join(directory, 'tiny-base'), refiner: path.join(directory, 'tiny-refiner') };
}

/**
 * Writes the same checkpoints as tiny-base.safetensors and tiny-refiner.safetensors with the original SDXL
 * names, configs in their metadata.
 * @returns the two files.
 */
export async function writeTinySingleFiles(
  directory: string,
  options: TinyCheckpointOptions = {},
): Promise<{ base: string; refiner: string }> {
  await mkdir(directory, { recursive: true });
  const partial = await mkdtemp(path.join(directory, '.partial-'));
  try {
    const folders = Object.values(await writeTinyCheckpoints(partial, options));
    for (const folder of folders) {
      const file = `${path.basename(folder)}.safetensors`;
      await writeSingleFile(path.join(partial, file), await openCheckpoint(folder), { configs: true });
      await rename(path.join(partial, file), path.join(directory, file));
    }
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return {
    base: path.join(directory, 'tiny-base.safetensors'),
    refiner: path.join(directory, 'tiny-refiner.safetensors'),
  };
}

const dtypes: Readonly<Record<string, Dtype>> = { fp32: 'F32', fp16: 'F16', bf16: 'BF16' };

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      out: { type: 'string', default: 'models' },
      dtype: { type: 'string', default: 'fp16' },
      seed: { type: 'string', default: '0' },
      quick: { type: 'boolean', default: false },
      'single-file': { type: 'boolean', default: false },
      'bare-text-encoder-names': { type: 'boolean', default: false },
      'max-shard-bytes': { type: 'string' },
    },
  });
  const dtype = dtypes[values.dtype];
  if (dtype === undefined) throw new RangeError(`--dtype is ${values.dtype}; it must be fp32, fp16 or bf16`);
  const shardBytes = values['max-shard-bytes'];
  const write = values['single-file'] ? writeTinySingleFiles : writeTinyCheckpoints;
  const written = await write(values.out, {
    ...(values.quick ? quickVariant : {}),
    dtype,
    seed: Number(values.seed),
    bareTextEncoderNames: values['bare-text-encoder-names'],
    ...(shardBytes === undefined ? {} : { maxShardBytes: Number(shardBytes) }),
  });
  console.log(`${written.base}\n${written.refiner}`);
}
