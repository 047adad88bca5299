import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { writeTinyCheckpoints } from '../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { networkLoaders } from '../../../src/installation/load-models.ts';
import { openLocation } from '../../../src/installation/open-model.ts';
import { differences } from './differences.ts';
import { networkNames, networkOutputs } from './network-outputs.ts';

const root = mkdtempSync(path.join(tmpdir(), 'full-size-'));
after(() => rmSync(root, { recursive: true }));

test('every network of a base and a refiner runs once at the wanted size', async () => {
  for (const [kind, folder] of Object.entries(await writeTinyCheckpoints(root))) {
    const model = await openLocation(folder);
    const load = networkLoaders(model, { device: 'cpu' });
    const lengths: Record<string, number> = {};
    for (const name of networkNames(model)) {
      const { outputs } = await networkOutputs(model, load, name, { side: 64, smooth: kind === 'base' });
      for (const [output, values] of Object.entries(outputs)) lengths[`${name} ${output}`] = values.length;
    }
    assert.equal(networkNames(model).length, kind === 'base' ? 5 : 4);
    assert.equal(lengths['vae_decoder pixels'], 3 * 64 * 64);
    assert.equal(lengths['unet noise'], 2 * 4 * 8 * 8);
    assert.equal(lengths['text_encoder_2 pooled'], 2 * 24);
    await assert.rejects(
      networkOutputs(model, load, 'vae', { side: 64, smooth: false }),
      /has no network vae; it has .*vae_decoder/,
    );
  }
});

function written(name: string, ...values: number[]): string {
  const folder = path.join(root, name);
  mkdirSync(folder);
  writeFileSync(path.join(folder, 'noise.f32'), Float32Array.from(values));
  return folder;
}

test('outputs are told apart by bits and by size, and what proves nothing is refused', () => {
  const expected = written('expected', 1, -4);
  const [same, other] = [written('same', 1, -4), written('other', 1.5, -4)];
  assert.deepEqual(differences(['noise'], same, expected), [
    { output: 'noise', sameBits: true, relative: 0, largest: 4 },
  ]);
  const [{ sameBits, relative } = { sameBits: true, relative: 0 }] = differences(['noise'], other, expected);
  assert.deepEqual([sameBits, relative], [false, 0.125]);
  assert.throws(() => differences(['noise'], same, written('zeros', 0, 0)), /largest value of noise is 0/);
  assert.throws(() => differences(['noise'], same, written('nan', 1, Number.NaN)), /noise is NaN/);
});
