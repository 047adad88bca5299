import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { writeTinyCheckpoints } from '../checkpoints/synthetic/tiny-checkpoint.ts';
import type { UnetInput } from '../networks/networks.ts';
import { loadModels } from './load-models.ts';
import { warmUp } from './warm-up.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'warm-up-'));
after(() => rmSync(directory, { recursive: true }));

for (const [name, timeIdCount] of [
  ['base', 6],
  ['refiner', 5],
] as const) {
  test(`warming up a ${name} encodes a prompt, and runs UNet and decoder at the size of the requests`, async () => {
    const written = await writeTinyCheckpoints(directory);
    const models = await loadModels(written[name], { device: 'cpu' });
    const steps: UnetInput[] = [];
    const decoded: number[][] = [];
    const encoded: number[] = [];
    let captured = 0;
    const capture = async (input: UnetInput) => {
      captured++;
      await models.unet.predictNoise(input);
    };
    await warmUp({ ...models, unet: { ...models.unet, capture } }, 64);
    assert.equal(captured, 1, 'a UNet that can be captured is');
    await warmUp(
      {
        ...models,
        textStages: models.textStages.map((stage, index) => ({
          ...stage,
          encoder: {
            ...stage.encoder,
            encodePrompt: (ids) => {
              assert.equal(ids.length, stage.encoder.tokens);
              encoded.push(index);
              return stage.encoder.encodePrompt(ids);
            },
          },
        })),
        unet: {
          ...models.unet,
          predictNoise: (input) => {
            steps.push(input);
            return models.unet.predictNoise(input);
          },
        },
        vaeDecoder: {
          ...models.vaeDecoder,
          decode: (latents, height, width) => {
            decoded.push([height, width]);
            return models.vaeDecoder.decode(latents, height, width);
          },
        },
      },
      128,
    );
    assert.deepEqual(
      steps.map(({ batch, height, width, timeIds }) => [batch, height, width, timeIds.length]),
      [[2, 16, 16, 2 * timeIdCount]],
    );
    assert.deepEqual(decoded, [[16, 16]]);
    assert.deepEqual(encoded, [...models.textStages.keys()]);
    for (const { encoder } of models.textStages) await encoder.release();
    for (const network of [models.unet, models.vaeEncoder, models.vaeDecoder]) await network.release();
  });
}
