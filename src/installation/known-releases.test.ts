import assert from 'node:assert/strict';
import { test } from 'node:test';
import { releaseIn, releaseNamed } from './known-releases.ts';

/** Names of files and repositories on Hugging Face, and of what their cards say of them. */
test('releases of few steps are known by their names, with the steps that stand in them', () => {
  for (const [name, kind, steps] of [
    ['sdxl_lightning_4step_lora', 'lightning', 4],
    ['sdxl_lightning_2step_lora', 'lightning', 2],
    ['SDXL-Lightning 8-step', 'lightning', 8],
    ['DreamShaper XL Lightning', 'lightning', 4],
    ['Hyper-SDXL-2steps-lora', 'hyper', 2],
    ['sdxl_hyper_sd_4step_lora', 'hyper', 4],
    ['Hyper-SDXL-1step-lora', 'tcd', 1],
    ['lcm-lora-sdxl', 'lcm', 4],
    ['sdxl_lcm_lora', 'lcm', 4],
    ['LCM_LoRA_Weights_SDXL', 'lcm', 4],
    ['TCD-SDXL-LoRA', 'tcd', 4],
    ['dmd2_sdxl_4step_lora_fp16', 'dmd2', 4],
    ['sd_xl_turbo_1.0_fp16', 'turbo', 1],
    ['DreamShaperXL_Turbo_v2', 'turbo', 1],
  ] as const)
    assert.deepEqual(releaseNamed(name, 'lora'), { kind, steps }, name);
});

test('a network of one step begins where its card says', () => {
  for (const [name, kind, firstTimestep] of [
    ['Hyper-SDXL-1step-Unet', 'hyper', 800],
    ['dmd2_sdxl_1step_unet_fp16', 'dmd2', 399],
  ] as const)
    assert.deepEqual(releaseNamed(name, 'checkpoint'), { kind, steps: 1, firstTimestep });
});

test('other names are none of them', () => {
  for (const name of [
    ...['', 'lightning', 'purple lightning', 'Lightning Princess', 'turbo racer', 'hyperrealism xl', 'hyper'],
    ...['Hyper-SD15-4steps-lora', 'lcm-lora-sdv1-5', 'Hyper-SDXL-8steps-CFG-lora', 'pixel-art-xl'],
    ...['details for SDXL Lightning', 'pytorch_lora_weights', 'turbocharged xl'],
  ])
    assert.equal(releaseNamed(name, 'lora'), undefined, name);
});

test('of the metadata those count that name the file itself, not what it was trained on', () => {
  assert.deepEqual(releaseIn({ 'modelspec.title': 'SDXL-Lightning 4-step LoRA' }, 'lora'), {
    ...{ kind: 'lightning', steps: 4 },
  });
  assert.deepEqual(releaseIn({ 'modelspec.title': 'mine', ss_output_name: 'lcm-lora-sdxl' }, 'lora'), {
    ...{ kind: 'lcm', steps: 4 },
  });
  assert.equal(releaseIn({ ss_sd_model_name: 'sd_xl_turbo_1.0.safetensors' }, 'lora'), undefined);
  assert.equal(releaseIn({}, 'checkpoint'), undefined);
});
