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
  test(`warming up a ${name} runs its UNet for two samples and its decoder for one, at the size of the requests`, async () => {
    const written = await writeTinyCheckpoints(directory);
    const models = await loadModels(written[name], { device: 'cpu' });
    const steps: UnetInput[] = [];
    const decoded: number[][] = [];
    await warmUp(
      {
        ...models,
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
    for (const { encoder } of models.textStages) await encoder.release();
    for (const network of [models.unet, models.vaeEncoder, models.vaeDecoder]) await network.release();
  });
}
