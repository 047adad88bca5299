import { readSafetensorsHeader } from '../safetensors/safetensors.ts';
import { readTensorBytes } from '../safetensors/tensor-values.ts';
import { writeSafetensors } from '../safetensors/write-safetensors.ts';

/**
 * Writes the tensors of a safetensors file, and its metadata, into another one.
 * @param rename gives a tensor's name in the new file, several to write it under each, undefined to leave it
 * out.
 */
export async function copyTensors(
  from: string,
  to: string,
  rename: (name: string) => string | readonly string[] | undefined,
): Promise<void> {
  const { tensors, metadata } = await readSafetensorsHeader(from);
  const sources = [...tensors].flatMap(([name, location]) => {
    const { dtype, shape } = location;
    return [rename(name) ?? []].flat().map((renamed) => ({
      name: renamed,
      dtype,
      shape,
      async *bytes() {
        yield await readTensorBytes(location);
      },
    }));
  });
  await writeSafetensors(to, sources, metadata);
}
