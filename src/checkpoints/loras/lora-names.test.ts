import assert from 'node:assert/strict';
import path from 'node:path';
import { after, test } from 'node:test';
import { writeSafetensors } from '../safetensors/write-safetensors.ts';
import { openTinyBase } from '../testing/tiny-base.ts';
import { zeros } from '../testing/zero-tensor.ts';
import { mergeLoras } from './merge-loras.ts';

const { folder, side, opened, close } = await openTinyBase();
after(close);

let files = 0;
/** The same pair in every style that files are written in, on a zero-free module, so that a change shows. */
for (const name of [
  'unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0.lora_A.weight',
  'unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0.lora_A.default.weight',
  'unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0.lora.down.weight',
  'unet.mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_out_lora.down.weight',
  'base_model.model.unet.mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0.lora_A.weight',
  'diffusion_model.middle_block.1.transformer_blocks.0.attn1.to_out.0.lora_A.weight',
  'lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_out_0.lora_down.weight',
  'lora_unet_middle_block_1_transformer_blocks_0_attn1_to_out_0.lora_down.weight',
  'base_model.model.mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0.lora_A.weight',
  'unet.base_model.model.mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0.lora_A.weight',
  'mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0.lora_A.style-2.weight',
  'model.diffusion_model.middle_block.1.transformer_blocks.0.attn1.to_out.0.lora_down.weight',
  'lycoris_mid_block_attentions_0_transformer_blocks_0_attn1_to_out_0.lora_down.weight',
])
  test(`${name} finds its module`, async () => {
    const file = path.join(folder, `style-${files++}.safetensors`);
    const up = name.replace('lora_A', 'lora_B').replace('down.weight', 'up.weight');
    await writeSafetensors(file, [zeros(name, [1, 40]), zeros(up, [40, 1])], {});
    const { unet } = await mergeLoras(opened, [{ file, weight: 1 }], side);
    const target = 'mid_block.attentions.0.transformer_blocks.0.attn1.to_out.0.weight';
    assert.equal(path.dirname(unet.tensors.get(target)!.file), side);
    assert.equal([...unet.tensors.values()].filter((location) => location.file.startsWith(side)).length, 1);
  });

/**
 * The naming of ComfyUI's extraction, of OMI, of kohya for Stable Diffusion 1 and of diffusers before 0.17.
 */
for (const name of [
  'text_encoder.text_model.encoder.layers.0.self_attn.out_proj.lora_linear_layer.down.weight',
  'text_encoder.text_model.encoder.layers.0.self_attn.to_out_lora.down.weight',
  'text_encoder.base_model.model.text_model.encoder.layers.0.self_attn.out_proj.lora_A.weight',
  'text_encoders.clip_l.transformer.text_model.encoder.layers.0.self_attn.out_proj.lora_down.weight',
  'clip_l.text_model.encoder.layers.0.self_attn.out_proj.lora_A.weight',
  'lora_te_text_model_encoder_layers_0_self_attn_out_proj.lora_down.weight',
  'lora_te1_text_model_encoder_layers_0_self_attn_out_proj.lora_down.weight',
])
  test(`${name} finds its module of the text encoder`, async () => {
    const file = path.join(folder, `style-${files++}.safetensors`);
    const up = name.replace('lora_A', 'lora_B').replace('down.weight', 'up.weight');
    const width = opened.textEncoders[0]!.config.hidden_size;
    await writeSafetensors(file, [zeros(name, [1, width]), zeros(up, [width, 1])], {});
    const { textEncoders } = await mergeLoras(opened, [{ file, weight: 1 }], side);
    const target = 'text_model.encoder.layers.0.self_attn.out_proj.weight';
    assert.equal(path.dirname(textEncoders[0]!.tensors.get(target)!.file), side);
  });
