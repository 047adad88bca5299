import type { Checkpoint, Component, Dtype, TensorLocation } from '../checkpoint.ts';
import { CheckpointError } from '../checkpoint-error.ts';
import {
  fileStates,
  type PreparedFile,
  preparedFile,
  readPrepared,
  writePrepared,
} from '../safetensors/prepared-file.ts';
import type { TensorSource } from '../safetensors/write-safetensors.ts';
import { channelsLastBytes } from './channels-last-bytes.ts';

/** One component's convolution weights in another order of their axes, in a file of its own. */
interface Copies {
  readonly component: Component<unknown>;
  /** The weights that change: those of more than one pixel. */
  readonly originals: ReadonlyMap<string, TensorLocation>;
  /** Element type of the copies; undefined: that of each original. */
  readonly dtype: Dtype | undefined;
  readonly prepared: PreparedFile;
}

/**
 * The UNet computes in float16 where the copies are used. The VAE's stay what they are: it computes in
 * float32.
 */
async function copiesOf({ unet, vae }: Checkpoint, directory: string): Promise<Copies[]> {
  const copies = [];
  for (const [component, dtype] of [[unet, 'F16'] as const, [vae, undefined] as const]) {
    const originals = new Map(
      [...component.tensors].filter(
        ([
          ,
          {
            shape: [, , height = 1, width = 1],
          },
        ]) => height * width > 1,
      ),
    );
    const files = await fileStates([...originals.values()].map(({ file }) => file));
    const prepared = preparedFile(directory, `${component.name}-channels-last`, { files, dtype });
    copies.push({ component, originals, dtype, prepared });
  }
  return copies;
}

/** The files that hold the copies of this checkpoint's convolution weights, or would. */
export async function channelsLastFiles(checkpoint: Checkpoint, directory: string): Promise<string[]> {
  return (await copiesOf(checkpoint, directory)).map(({ prepared }) => prepared.file);
}

/**
 * Writes the convolution weights of UNet and VAE as [out, height, width, in], one file each; a file made from
 * the same weights is kept.
 */
export async function writeChannelsLast(checkpoint: Checkpoint, directory: string): Promise<void> {
  for (const { originals, dtype, prepared } of await copiesOf(checkpoint, directory))
    if ((await readPrepared(prepared)) === undefined)
      await writePrepared(
        prepared,
        [...originals].map(([name, location]) => source(name, location, dtype ?? location.dtype)),
      );
}

function source(name: string, location: TensorLocation, dtype: Dtype): TensorSource {
  return {
    name,
    dtype,
    shape: channelsLastShape(location.shape),
    async *bytes() {
      yield await channelsLastBytes(location, dtype);
    },
  };
}

/**
 * The checkpoint with the copies that writeChannelsLast has left in the folder; without them as it is.
 * @throws CheckpointError naming the file and the tensor that is missing from it or has another shape.
 */
export async function withChannelsLast(checkpoint: Checkpoint, directory: string): Promise<Checkpoint> {
  const found = new Map<Component<unknown>, ReadonlyMap<string, TensorLocation>>();
  for (const { component, originals, prepared } of await copiesOf(checkpoint, directory)) {
    const tensors = await readPrepared(prepared);
    if (tensors === undefined) continue;
    for (const [name, { shape }] of originals)
      if (String(tensors.get(name)?.shape) !== String(channelsLastShape(shape)))
        throw new CheckpointError(
          `${prepared.file}: tensor "${name}" has shape [${tensors.get(name)?.shape ?? ''}], expected [${channelsLastShape(shape)}]; delete the file`,
        );
    found.set(component, tensors);
  }
  const change = <Config>(component: Component<Config>): Component<Config> => {
    const channelsLast = found.get(component);
    return channelsLast === undefined ? component : { ...component, channelsLast };
  };
  return { ...checkpoint, unet: change(checkpoint.unet), vae: change(checkpoint.vae) };
}

function channelsLastShape([out, inward, ...kernel]: readonly number[]): number[] {
  return [out!, ...kernel, inward!];
}
