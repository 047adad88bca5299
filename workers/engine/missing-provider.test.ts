import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { quickVariant, writeTinyCheckpoints } from '../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { readConfig } from '../../src/config/config.ts';
import { cudaProviderInstalled } from '../../src/networks/testing/cuda-here.ts';
import { explainMissingProvider } from './missing-provider.ts';
import { openSdxlGenerator } from './open-generator.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'provider-'));
after(() => rmSync(directory, { recursive: true }));

test('without the CUDA provider an engine for a GPU refuses to start, and says how to find out why', {
  skip: cudaProviderInstalled && 'the CUDA provider is installed here',
}, async () => {
  await writeTinyCheckpoints(directory, quickVariant);
  await assert.rejects(
    openSdxlGenerator(readConfig({ DEVICE: 'cuda:0', MODELS_DIR: directory })),
    /^Error: DEVICE=cuda:0: ONNX Runtime's CUDA provider cannot be loaded here \(.*npm run models -- doctor/,
  );
});

test('other errors of loading stay as they are', () => {
  const error = new Error('unet/config.json: cross_attention_dim is missing');
  assert.equal(explainMissingProvider(error, 'cuda:0'), error);
  const library = new Error('Failed to load shared library');
  assert.equal(explainMissingProvider(library, 'cpu'), library);
});
