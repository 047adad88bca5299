import { readFile } from 'node:fs/promises';
import type { Checkpoint, TensorLocation } from '../checkpoint.ts';
import { readTensorBytes } from '../safetensors/tensor-values.ts';
import { elementBytes, type TensorSource, writeSafetensors } from '../safetensors/write-safetensors.ts';
import { configsKey } from '../single-file/embedded-configs.ts';
import { openClipNames, openClipParts } from '../single-file/open-clip-names.ts';
import { unetPrefix, vaePrefix } from '../single-file/sort-tensors.ts';
import { originalUnetName } from '../single-file/unet-names.ts';
import { originalVaeName } from '../single-file/vae-names.ts';

export interface SingleFileOptions {
  /** Put the configs into the metadata, for networks that differ from SDXL in what no shape shows. */
  readonly configs?: boolean;
  /** More metadata. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Tensors beside the networks', for example markers of how the UNet was trained. */
  readonly surplus?: readonly TensorSource[];
  readonly withoutVae?: boolean;
}

/**
 * Writes an opened diffusers folder as one .safetensors file with the original names, every number as it is.
 */
export async function writeSingleFile(
  file: string,
  checkpoint: Checkpoint,
  { configs = false, metadata = {}, surplus = [], withoutVae = false }: SingleFileOptions = {},
): Promise<void> {
  const sources = [
    ...unetSources(checkpoint),
    ...(withoutVae ? [] : vaeSources(checkpoint)),
    ...textEncoderSources(checkpoint),
    ...surplus,
  ];
  await writeSafetensors(
    file,
    sources.sort((a, b) => (a.name < b.name ? -1 : 1)),
    { format: 'pt', ...metadata, ...(configs ? { [configsKey]: await configsOf(checkpoint) } : {}) },
  );
}

async function configsOf({ unet, vae, textEncoders, scheduler }: Checkpoint): Promise<string> {
  const read = async ({ name, configFile }: { name: string; configFile: string }) =>
    [name, JSON.parse(await readFile(configFile, 'utf8'))] as const;
  const networks = await Promise.all([unet, vae, ...textEncoders].map(read));
  return JSON.stringify({ ...Object.fromEntries(networks), scheduler });
}

function unetSources({ unet: { config, tensors } }: Checkpoint): TensorSource[] {
  const [layers] = config.layers_per_block;
  if (config.layers_per_block.some((count) => count !== layers))
    throw new Error('the original names have one number of resnets for all levels');
  const attends = (level: number) => config.up_block_types[level] === 'CrossAttnUpBlock2D';
  return [...tensors].map(([name, location]) =>
    copied(unetPrefix + originalUnetName(name, layers! + 1, attends), [location]),
  );
}

function vaeSources({ vae: { config, tensors } }: Checkpoint): TensorSource[] {
  return [...tensors].map(([name, location]) => {
    const { shape } = location;
    const isAttention = name.includes('.attentions.0.to_') && shape.length === 2;
    return copied(
      vaePrefix + originalVaeName(name, config.block_out_channels.length),
      [location],
      isAttention ? [...shape, 1, 1] : shape,
    );
  });
}

function textEncoderSources({ textEncoders }: Checkpoint): TensorSource[] {
  const openClip = textEncoders.at(-1)!;
  const clip = textEncoders.length > 1 ? textEncoders[0]! : undefined;
  const prefix = `conditioner.embedders.${textEncoders.length - 1}.model.`;
  return [
    ...[...(clip?.tensors ?? [])].map(([name, location]) =>
      copied(`conditioner.embedders.0.transformer.${name}`, [location]),
    ),
    ...openClipNames(openClip.config.num_hidden_layers).map((name) => {
      const parts = openClipParts(name);
      const locations = parts.map(({ published }) => openClip.tensors.get(published)!);
      const [rows, ...rest] = locations[0]!.shape;
      return parts[0]!.transposed === true
        ? turned(prefix + name, locations[0]!)
        : copied(prefix + name, locations, [rows! * parts.length, ...rest]);
    }),
  ];
}

/** The bytes of `locations` one after another. */
function copied(
  name: string,
  locations: readonly TensorLocation[],
  shape = locations[0]!.shape,
): TensorSource {
  return {
    name,
    dtype: locations[0]!.dtype,
    shape,
    async *bytes() {
      for (const location of locations) yield await readTensorBytes(location);
    },
  };
}

/** A matrix with rows and columns exchanged. */
function turned(name: string, location: TensorLocation): TensorSource {
  const [rows, columns] = location.shape as [number, number];
  const size = elementBytes[location.dtype];
  return {
    name,
    dtype: location.dtype,
    shape: [columns, rows],
    async *bytes() {
      const bytes = await readTensorBytes(location);
      const result = new Uint8Array(bytes.length);
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++) {
          const from = (row * columns + column) * size;
          result.set(bytes.subarray(from, from + size), (column * rows + row) * size);
        }
      yield result;
    },
  };
}
