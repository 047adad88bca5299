import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseClipTextConfig } from './clip-text-config.ts';
import { publishedBase } from './published-configs.ts';
import { parseVaeConfig } from './vae-config.ts';

test('the published VAE and text encoder configs are read', () => {
  const vae = parseVaeConfig(publishedBase.vae, 'vae/config.json');
  assert.deepEqual(vae.block_out_channels, [128, 256, 512, 512]);
  assert.equal(vae.scaling_factor, 0.13025);
  const clip = parseClipTextConfig(publishedBase.textEncoders.text_encoder_2!, 'text_encoder_2/config.json');
  assert.equal(clip.hidden_act, 'gelu');
  assert.equal(clip.eos_token_id, 2);
});

test('absent keys take the defaults of diffusers and transformers', () => {
  const vae = parseVaeConfig({}, 'vae/config.json');
  assert.deepEqual([vae.scaling_factor, vae.layers_per_block, vae.block_out_channels], [0.18215, 1, [64]]);
  const clip = parseClipTextConfig({}, 'text_encoder/config.json');
  assert.deepEqual(
    [clip.hidden_act, clip.hidden_size, clip.num_hidden_layers, clip.eos_token_id, clip.vocab_size],
    ['quick_gelu', 512, 12, 49407, 49408],
  );
});

test('what the networks do not support is refused by file, key and value', () => {
  const vae = (changes: object) => () =>
    parseVaeConfig({ ...publishedBase.vae, ...changes }, 'vae/config.json');
  assert.throws(
    vae({ latents_mean: [0, 0, 0, 0] }),
    /vae\/config\.json: latents_std is absent; latents_mean needs it/,
  );
  assert.throws(vae({ latents_mean: [0, 0, 0], latents_std: [1, 1, 1] }), /one number for each of 4 latent/);
  assert.throws(vae({ latents_mean: [0, 0, 0, 0], latents_std: [1, 1, 0, 1] }), /must hold positive numbers/);
  assert.throws(vae({ shift_factor: 0.1 }), /shift_factor is 0\.1; only null/);
  assert.throws(vae({ use_quant_conv: false }), /use_quant_conv is false; only true/);
  assert.throws(vae({ up_block_types: ['AttnUpDecoderBlock2D'] }), /up_block_types/);
  assert.throws(
    vae({ norm_num_groups: 48 }),
    /norm_num_groups is 48; it must divide block_out_channels\[0\] = 128/,
  );
  const clip = (changes: object) => () =>
    parseClipTextConfig(
      { ...publishedBase.textEncoders.text_encoder, ...changes },
      'text_encoder/config.json',
    );
  assert.throws(clip({ hidden_act: 'relu' }), /hidden_act is "relu"; it must be one of quick_gelu,gelu/);
  assert.throws(
    clip({ num_attention_heads: 7 }),
    /num_attention_heads is 7; it must divide hidden_size = 768/,
  );
  assert.throws(clip({ num_hidden_layers: 1 }), /num_hidden_layers is 1/);
});
