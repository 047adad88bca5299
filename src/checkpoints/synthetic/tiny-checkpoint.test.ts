import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { openCheckpoint } from '../open-checkpoint.ts';
import { quickVariant, writeTinyCheckpoints } from './tiny-checkpoint.ts';

/** One digest over the names and bytes of all files. */
async function digestOf(directory: string): Promise<string> {
  const hash = createHash('sha256');
  for (const entry of (await readdir(directory, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .sort()) {
    hash.update(path.relative(directory, entry));
    hash.update(await readFile(entry));
  }
  return hash.digest('hex');
}

test('the tiny checkpoints are the same bytes on every machine, and another seed gives others', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'tiny-'));
  try {
    const first = await writeTinyCheckpoints(folder);
    const digests = [await digestOf(first.base), await digestOf(first.refiner)];
    // Change these together with the committed pipeline oracles, which were made from these bytes.
    assert.deepEqual(digests, [
      'c274473f3715058e52d71e3cce2e19051b38548c63f6e4d683ee0cced1a61e35',
      '77ff89a1d8e9e5ac71edc95c8e89d3285c3550eb9c08a110f9be9c9b467543fd',
    ]);
    const again = await writeTinyCheckpoints(folder);
    assert.deepEqual([await digestOf(again.base), await digestOf(again.refiner)], digests);
    const other = await writeTinyCheckpoints(folder, { seed: 1 });
    assert.notEqual(await digestOf(other.base), digests[0]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('variants differ in what they say they differ in', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'tiny-'));
  try {
    const { base } = await writeTinyCheckpoints(folder, {
      dtype: 'BF16',
      baseUnet: { use_linear_projection: false, attention_head_dim: [1, 4, 2] },
      textEncoder: { hidden_act: 'gelu' },
      bareTextEncoderNames: true,
    });
    const checkpoint = await openCheckpoint(base);
    const projection = checkpoint.unet.tensors.get('mid_block.attentions.0.proj_in.weight')!;
    assert.deepEqual([projection.dtype, projection.shape], ['BF16', [40, 40, 1, 1]]);
    assert.deepEqual(checkpoint.unet.config.attention_head_dim, [1, 4, 2]);
    assert.equal(checkpoint.textEncoders[0]!.config.hidden_act, 'gelu');
    assert.ok(checkpoint.textEncoders[0]!.tensors.has('text_model.final_layer_norm.weight'));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('the quick variant has attention on one level only', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'tiny-'));
  try {
    const { base, refiner } = await writeTinyCheckpoints(folder, quickVariant);
    for (const directory of [base, refiner]) {
      const names = [...(await openCheckpoint(directory)).unet.tensors.keys()];
      const attending = names.filter(
        (name) => name.startsWith('down_blocks.') && name.includes('.attentions.'),
      );
      assert.ok(attending.length > 0 && attending.every((name) => name.startsWith('down_blocks.2.')));
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
