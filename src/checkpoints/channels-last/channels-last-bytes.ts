import type { Dtype, TensorLocation } from '../checkpoint.ts';
import { decodeValues, encodeValues, readTensorBytes } from '../safetensors/tensor-values.ts';

/**
 * A convolution weight [out, in, height, width] as the bytes of [out, height, width, in], in another element
 * type if need be.
 */
export async function channelsLastBytes(location: TensorLocation, dtype: Dtype): Promise<Uint8Array> {
  const stored = await readTensorBytes(location);
  const bytes = location.dtype === dtype ? stored : encodeValues(decodeValues(stored, location.dtype), dtype);
  const [out, inward, height, width] = location.shape as [number, number, number, number];
  const Elements = dtype === 'F32' ? Uint32Array : Uint16Array;
  const from = new Elements(
    bytes.buffer as ArrayBuffer,
    bytes.byteOffset,
    bytes.byteLength / Elements.BYTES_PER_ELEMENT,
  );
  const to = new Elements(from.length);
  const pixels = height * width;
  for (let row = 0; row < out; row++) {
    const start = row * inward * pixels;
    for (let pixel = 0; pixel < pixels; pixel++) {
      const target = start + pixel * inward;
      for (let channel = 0; channel < inward; channel++)
        to[target + channel] = from[start + channel * pixels + pixel]!;
    }
  }
  return new Uint8Array(to.buffer);
}
