import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { openCheckpoint } from '../../../src/checkpoints/open-checkpoint.ts';
import { writeTinyCheckpoints } from '../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { listModels } from '../../../src/installation/installation.ts';
import { networkLoaders } from '../../../src/installation/load-models.ts';
import { openLocation } from '../../../src/installation/open-model.ts';
import { writeExportedFolder } from '../../../src/networks/testing/write-exported-folder.ts';
import { listReport } from './list.ts';
import { prepare } from './prepare.ts';
import { look, type Verified, verify } from './verify.ts';

const root = mkdtempSync(path.join(tmpdir(), 'verify-'));
after(() => rmSync(root, { recursive: true }));

async function outputsOf(directory: string): Promise<Verified[]> {
  const checkpoint = await openLocation(directory);
  return Array.fromAsync(verify(checkpoint, networkLoaders(checkpoint, { device: 'cpu' }), 64));
}

test('every network of a base model and of a refiner runs once and is measured', async () => {
  const { base, refiner } = await writeTinyCheckpoints(root);
  const names = (outputs: Verified[]) => outputs.map(({ network, output }) => `${network}: ${output}`);
  const ofBase = await outputsOf(base);
  assert.deepEqual(names(ofBase), [
    'text encoder 1: hidden states',
    'text encoder 2: hidden states',
    'text encoder 2: pooled',
    'VAE decoder: pixels',
    'VAE encoder: moments',
    'UNet: noise',
  ]);
  for (const { nan, infinite, largest } of ofBase) {
    assert.deepEqual([nan, infinite], [0, 0]);
    assert.ok(largest > 0.1 && largest < 1000);
  }
  assert.deepEqual(
    ofBase.map(({ values }) => values),
    [2 * 77 * 12, 2 * 77 * 16, 2 * 24, 3 * 64 * 64, 8 * 8 * 8, 2 * 4 * 8 * 8],
  );
  assert.equal(names(await outputsOf(refiner))[0], 'text encoder 1: hidden states');
});

test('weights that hold NaN show in the network they belong to and in no other', async () => {
  const { base } = await writeTinyCheckpoints(root);
  const { vae } = await openCheckpoint(base);
  const { file, byteOffset } = vae.tensors.get('post_quant_conv.weight')!;
  const bytes = readFileSync(file);
  bytes.writeUInt16LE(0x7e00, byteOffset);
  writeFileSync(file, bytes);
  const broken = (await outputsOf(base)).filter(({ nan }) => nan > 0);
  assert.deepEqual(
    broken.map(({ network }) => network),
    ['VAE decoder'],
  );
});

test('an exported folder is listed, prepared and verified as the weights it was made of', async () => {
  const { base } = await writeTinyCheckpoints(root);
  const modelsDir = path.join(root, 'exported');
  writeExportedFolder(await openCheckpoint(base), path.join(modelsDir, 'foreign'));
  assert.match(await listReport(modelsDir), /\nforeign +base +5 networks +\d\.\d+ MiB +ONNX +foreign/);
  const [model] = await listModels(modelsDir);
  assert.equal((await prepare(model!)).tensors, 0);
  const [expected, actual] = [await outputsOf(base), await outputsOf(model!.checkpoint)];
  assert.deepEqual(
    actual.map(({ network, output, largest }) => [network, output, largest.toPrecision(4)]),
    expected.map(({ network, output, largest }) => [network, output, largest.toPrecision(4)]),
  );
});

test('NaN and infinities are counted apart and leave the largest value finite', () => {
  const values = Float32Array.of(1, -3, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
  assert.deepEqual(look('x', values), { output: 'x', values: 5, largest: 3, nan: 1, infinite: 2 });
});
