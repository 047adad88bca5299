import type { TensorSource } from '../safetensors/write-safetensors.ts';

/** A float32 tensor of zeros to be written. */
export const zeros = (name: string, shape: readonly number[]): TensorSource => ({
  name,
  dtype: 'F32',
  shape,
  bytes: () => [new Uint8Array(4 * shape.reduce((product, extent) => product * extent, 1))],
});
