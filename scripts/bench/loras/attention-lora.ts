import type { Component } from '../../../src/checkpoints/checkpoint.ts';
import { encodeValues } from '../../../src/checkpoints/safetensors/tensor-values.ts';
import {
  type TensorSource,
  writeSafetensors,
} from '../../../src/checkpoints/safetensors/write-safetensors.ts';
import { uniformStream } from '../../../src/checkpoints/synthetic/random-values.ts';

/** So that a product of rank 32 changes a weight by a few hundredths of its size. */
const size = 0.02;

/** A LoRA with random numbers over every attention layer of a UNet, in float16 under diffusers' names. */
export async function writeAttentionLora(
  file: string,
  unet: Component<unknown>,
  rank: number,
  seed: number,
): Promise<void> {
  const sources: TensorSource[] = [];
  for (const [name, { shape }] of unet.tensors) {
    const layer = /^(.*\.attn[12]\.to_(?:q|k|v|out\.0))\.weight$/.exec(name)?.[1];
    if (layer === undefined) continue;
    const [outputs, inputs] = shape as [number, number];
    for (const [part, sides] of [
      ['lora_A', [rank, inputs]],
      ['lora_B', [outputs, rank]],
    ] as const)
      sources.push({
        ...{ name: `unet.${layer}.${part}.weight`, dtype: 'F16', shape: sides },
        *bytes() {
          const values = new Float32Array(sides[0] * sides[1]);
          uniformStream(seed, `${layer} ${part}`)(values);
          yield encodeValues(
            values.map((value) => size * value),
            'F16',
          );
        },
      });
  }
  if (sources.length === 0) throw new Error(`${unet.directory}: has no attention layer`);
  await writeSafetensors(file, sources);
}
