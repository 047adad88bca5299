import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseClipTextConfig } from '../../../src/checkpoints/configs/clip-text-config.ts';
import { publishedBase, publishedRefiner } from '../../../src/checkpoints/configs/published-configs.ts';
import { parseUnetConfig } from '../../../src/checkpoints/configs/unet-config.ts';
import { parseVaeConfig } from '../../../src/checkpoints/configs/vae-config.ts';
import { clipTextGraph, clipTextInputs } from '../../../src/graphs/clip.ts';
import { portableLayers } from '../../../src/graphs/portable-layers.ts';
import { unetGraph } from '../../../src/graphs/unet.ts';
import { vaeGraph } from '../../../src/graphs/vae.ts';
import { countFlops } from './flops.ts';

const tera = (flops: number) => (flops / 1e12).toFixed(3);

function unetFlops(description: typeof publishedBase, timeIdCount: number, batch: number) {
  const config = parseUnetConfig(description.unet, 'config.json');
  const graph = unetGraph(config, portableLayers, { pooledWidth: 1280, timeIdCount });
  const flops = countFlops(graph, {
    sample: [batch, 4, 128, 128],
    timestep: [1],
    encoder_hidden_states: [batch, 77, config.cross_attention_dim],
    text_embeds: [batch, 1280],
    time_ids: [batch, timeIdCount],
  });
  const macs: Record<string, number> = {};
  for (const { name, op } of graph.nodes)
    if (flops.byNode.has(name)) macs[op] = (macs[op] ?? 0) + flops.byNode.get(name)! / 2;
  return { total: flops.total, macs };
}

/*
 * Counted layer by layer from the published configs. Of the base UNet at 1024 x 1024, diffusers' own
 * benchmark reports 5,979,098 MFLOP without attention.
 */
test('a sample of the base UNet at 1024 x 1024 takes 6.761 TFLOP, a guided step 13.52', () => {
  const { total, macs } = unetFlops(publishedBase, 6, 1);
  assert.equal(tera(total), '6.761');
  assert.equal(tera(macs.Conv!), '0.812');
  assert.equal(tera(macs.FusedMatMul!), '2.177');
  assert.equal(tera(macs.MultiHeadAttention!), '0.392');
  const published = 5_979_098e6;
  assert.ok(Math.abs(2 * (macs.Conv! + macs.FusedMatMul!) - published) < 1e-3 * published);
  assert.equal((unetFlops(publishedBase, 6, 2).total / 1e12).toFixed(2), '13.52');
});

test('a sample of the refiner at 1024 x 1024 takes 7.286 TFLOP', () => {
  assert.equal(tera(unetFlops(publishedRefiner, 5, 1).total), '7.286');
});

test('the VAE takes 4.879 TFLOP to encode and 10.470 to decode a picture of 1024 x 1024', () => {
  const config = parseVaeConfig(publishedBase.vae, 'config.json');
  const encoder = countFlops(vaeGraph(config, 'encoder', portableLayers), { pixels: [1, 3, 1024, 1024] });
  const decoder = countFlops(vaeGraph(config, 'decoder', portableLayers), { latents: [1, 4, 128, 128] });
  assert.equal(tera(encoder.total), '4.879');
  assert.equal(tera(decoder.total), '10.470');
});

test('the text encoders take 0.013 and 0.098 TFLOP for 77 tokens', () => {
  const flops = (name: string, projected: boolean) => {
    const config = parseClipTextConfig(publishedBase.textEncoders[name]!, name);
    const graph = clipTextGraph(config, portableLayers, projected);
    return countFlops(graph, clipTextInputs(config, projected)).total;
  };
  assert.equal(tera(flops('text_encoder', false)), '0.012');
  assert.equal(tera(flops('text_encoder_2', true)), '0.098');
});

test('an operator of unknown shape and an input without one are errors that name them', () => {
  const config = parseVaeConfig(publishedBase.vae, 'config.json');
  const graph = vaeGraph(config, 'decoder', portableLayers);
  assert.throws(() => countFlops(graph, {}), /input latents is not given/);
  const [first, ...rest] = graph.nodes;
  assert.throws(
    () => countFlops({ ...graph, nodes: [{ ...first!, op: 'Sign' }, ...rest] }, { latents: [1, 4, 8, 8] }),
    /the shape that Sign gives is not known/,
  );
});
