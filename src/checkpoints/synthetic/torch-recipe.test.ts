import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { openCheckpoint } from '../open-checkpoint.ts';
import { writeCheckpoint } from './checkpoint-writer.ts';
import { tinyBase } from './tiny-configs.ts';
import { torchRecipe } from './torch-recipe.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'torch-recipe-'));
after(() => rmSync(folder, { recursive: true }));

test('weights and biases lie within 1 / sqrt(fan-in), norms are one and zero', () => {
  const shapes = new Map([
    ['a.weight', [8, 4, 3, 3]],
    ['a.bias', [8]],
  ]);
  assert.deepEqual(torchRecipe('a.weight', [8, 4, 3, 3], shapes), { offset: 0, amplitude: 1 / 6 });
  assert.deepEqual(torchRecipe('a.bias', [8], shapes), { offset: 0, amplitude: 1 / 6 });
  assert.deepEqual(torchRecipe('norm1.weight', [8], shapes), { offset: 1, amplitude: 0 });
  assert.deepEqual(torchRecipe('conv_norm_out.bias', [8], shapes), { offset: 0, amplitude: 0 });
  assert.throws(() => torchRecipe('b.bias', [8], shapes), /b\.bias is a bias without a weight/);
});

test('a whole checkpoint of such weights can be written and opened', async () => {
  const directory = path.join(folder, 'base');
  await writeCheckpoint(directory, tinyBase, { seed: 0, dtype: 'F16', torchInitialised: true });
  const { unet } = await openCheckpoint(directory);
  assert.ok(unet.tensors.size > 100);
});
