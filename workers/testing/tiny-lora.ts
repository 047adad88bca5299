import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { openCheckpoint } from '../../src/checkpoints/open-checkpoint.ts';
import { writeSafetensors } from '../../src/checkpoints/safetensors/write-safetensors.ts';

/** A LoRA that changes a tiny base's pictures: rank 1, on one layer of the UNet and one of a text encoder. */
export async function writeTinyLora(
  modelsDir: string,
  base: string,
  name: string,
  sign: number,
): Promise<void> {
  const { unet, textEncoders } = await openCheckpoint(base);
  const layers = [
    ['lora_unet_mid_block_attentions_0_proj_in', unet.tensors.get('mid_block.attentions.0.proj_in.weight')!],
    [
      'lora_te1_text_model_encoder_layers_0_mlp_fc1',
      textEncoders[0]!.tensors.get('text_model.encoder.layers.0.mlp.fc1.weight')!,
    ],
  ] as const;
  const tensor = (key: string, shape: readonly number[], value: number) => ({
    ...({ name: key, dtype: 'F32', shape } as const),
    bytes: () => {
      const values = new Float32Array(shape.reduce((all, each) => all * each, 1)).map(
        (_, at) => value * ((at % 3) - 1),
      );
      return [new Uint8Array(values.buffer)];
    },
  });
  mkdirSync(path.join(modelsDir, 'loras'), { recursive: true });
  await writeSafetensors(
    path.join(modelsDir, 'loras', `${name}.safetensors`),
    layers.flatMap(([module, { shape }]) => [
      tensor(`${module}.lora_down.weight`, [1, shape[1]!], 0.5),
      tensor(`${module}.lora_up.weight`, [shape[0]!, 1], 0.5 * sign),
    ]),
  );
}
