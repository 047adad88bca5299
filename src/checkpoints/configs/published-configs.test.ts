import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clipTextTensors } from '../synthetic/clip-text-tensors.ts';
import { parameterCount } from '../synthetic/shapes.ts';
import { unetTensors } from '../synthetic/unet-tensors.ts';
import { vaeTensors } from '../synthetic/vae-tensors.ts';
import { parseClipTextConfig } from './clip-text-config.ts';
import { publishedBase, publishedRefiner } from './published-configs.ts';
import { parseUnetConfig } from './unet-config.ts';
import { parseVaeConfig } from './vae-config.ts';

/**
 * Counted by torch 2.13.0 on the meta device from the same configs: diffusers 0.42.1, transformers 5.23.0.
 */
test("SDXL's networks have the tensors and parameters that diffusers and transformers give them", () => {
  const base = unetTensors(parseUnetConfig(publishedBase.unet, 'config.json'));
  assert.deepEqual([base.size, parameterCount(base)], [1680, 2_567_463_684]);
  const refiner = unetTensors(parseUnetConfig(publishedRefiner.unet, 'config.json'));
  assert.deepEqual([refiner.size, parameterCount(refiner)], [1220, 2_259_526_660]);
  const vae = vaeTensors(parseVaeConfig(publishedBase.vae, 'config.json'));
  assert.equal(parameterCount(vae), 83_653_863);
  const { text_encoder, text_encoder_2 } = publishedBase.textEncoders;
  const clip = clipTextTensors(parseClipTextConfig(text_encoder!, 'config.json'), false);
  assert.equal(parameterCount(clip), 123_060_480);
  const openClip = clipTextTensors(parseClipTextConfig(text_encoder_2!, 'config.json'), true);
  assert.equal(parameterCount(openClip), 694_659_840);
});
