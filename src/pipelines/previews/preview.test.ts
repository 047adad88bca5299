import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { VaeDecoder } from '../../networks/networks.ts';
import { type LatentColours, latentColours } from './latent-colours.ts';
import { latentPreview } from './preview.ts';

/** Of a VAE whose pixels are a linear function of the latents under them, halved once. */
function linearDecoder({ factors, bias }: LatentColours, scalingFactor: number, factor: number) {
  let decodes = 0;
  const decoder: VaeDecoder = {
    channels: factors.length,
    factor,
    scalingFactor,
    release: async () => undefined,
    decode: async (latents, height, width) => {
      decodes++;
      const values = latents.map((value) => value * scalingFactor);
      const { pixels } = latentPreview(
        { values, channels: factors.length, height, width },
        { factors, bias },
      );
      return Float32Array.from({ length: 3 * height * width * factor * factor }, (_, index) => {
        const columns = width * factor;
        const y = Math.floor(index / columns) % (height * factor);
        const colour = Math.floor(index / (columns * height * factor));
        const at = Math.floor(y / factor) * width + Math.floor((index % columns) / factor);
        return pixels[colour * height * width + at]!;
      });
    },
  };
  return { decoder, decodes: () => decodes };
}

const sdxl = () => linearDecoder({ factors: [[], [], [], []], bias: [] }, 0.13025, 8);

test('a preview has one pixel for each latent position, coloured by the four channels', async () => {
  // Channel-major: position 0 has only channel 0, position 1 only channel 3.
  const values = Float32Array.of(1, 0, 0, 0, 0, 0, 0, 2);
  const colours = await latentColours(sdxl().decoder);
  const preview = latentPreview({ values, channels: 4, height: 1, width: 2 }, colours);
  assert.deepEqual([preview.width, preview.height], [2, 1]);
  const expected = [0.1084 + 0.3651, 0.1084 - 2 * 0.3165, -0.0175 + 0.4232, -0.0175 - 2 * 0.2492];
  for (const [index, value] of expected.entries())
    assert.ok(Math.abs(preview.pixels[index]! - value) < 1e-6, `pixel value ${index}`);
});

test("zero latents of SDXL's VAE are the grey of the bias, and nothing is decoded to know it", async () => {
  const { decoder, decodes } = sdxl();
  const colours = await latentColours(decoder);
  const values = new Float32Array(16);
  const { pixels } = latentPreview({ values, channels: 4, height: 2, width: 2 }, colours);
  assert.deepEqual(pixels, Float32Array.of(...[0.1084, -0.0175, -0.0011].flatMap((c) => [c, c, c, c])));
  assert.equal(decodes(), 0);
});

for (const channels of [4, 8, 16])
  test(`the colours of a VAE with ${channels} channels of its own are measured, once`, async () => {
    const own: LatentColours = {
      factors: Array.from({ length: channels }, (_, channel) => [
        Math.sin(channel),
        Math.cos(channel),
        1 / (channel + 1),
      ]),
      bias: [0.1, -0.2, 0.3],
    };
    const { decoder, decodes } = linearDecoder(own, 0.5, 4);
    const [colours, again] = await Promise.all([latentColours(decoder), latentColours(decoder)]);
    assert.equal(again, colours);
    assert.equal(decodes(), 1);
    for (const [channel, row] of [...own.factors, own.bias].entries())
      for (const [colour, value] of row.entries()) {
        const found = [...colours.factors, colours.bias][channel]![colour]!;
        assert.ok(Math.abs(found - value) < 1e-4, `channel ${channel}: ${found} instead of ${value}`);
      }
  });
