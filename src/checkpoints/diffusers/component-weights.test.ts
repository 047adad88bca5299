import assert from 'node:assert/strict';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { after, before } from '../../testing/hooks.ts';
import { openCheckpoint } from '../open-checkpoint.ts';
import { readSafetensorsHeader } from '../safetensors/safetensors.ts';
import { writeCheckpoint } from '../synthetic/checkpoint-writer.ts';
import { tinyBase } from '../synthetic/tiny-configs.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'component-weights-'));
  await writeCheckpoint(path.join(folder, 'base'), tinyBase, { seed: 0, dtype: 'F16' });
});
after(() => rm(folder, { recursive: true }));

let copies = 0;
async function changed(change: (directory: string) => Promise<unknown>): Promise<string> {
  const directory = path.join(folder, `copy-${copies++}`);
  await cp(path.join(folder, 'base'), directory, { recursive: true });
  await change(directory);
  return directory;
}

/** Which file the weights of a component come from. */
const sourceOf = async (directory: string, component: 'unet' | 'text_encoder'): Promise<string> => {
  const { unet, textEncoders } = await openCheckpoint(directory);
  const { tensors } = component === 'unet' ? unet : textEncoders[0]!;
  return path.basename([...tensors.values()][0]!.file);
};

test('of several weights files of a component the one that the library takes is taken', async () => {
  const stems = { unet: 'diffusion_pytorch_model', text_encoder: 'model' };
  for (const component of ['unet', 'text_encoder'] as const) {
    const stem = stems[component];
    const place = (copy: string, name: string) => path.join(copy, component, name);
    const withFiles = (...names: string[]) =>
      changed(async (copy) => {
        const plain = place(copy, `${stem}.safetensors`);
        for (const name of names) if (place(copy, name) !== plain) await cp(plain, place(copy, name));
        if (!names.includes(`${stem}.safetensors`)) await rm(plain);
      });
    const plain = await withFiles(`${stem}.safetensors`, `${stem}.fp16.safetensors`);
    assert.equal(await sourceOf(plain, component), `${stem}.safetensors`);
    for (const variant of ['fp16', 'bf16', 'fp32', 'non_ema', 'ema'])
      assert.equal(
        await sourceOf(await withFiles(`${stem}.${variant}.safetensors`), component),
        `${stem}.${variant}.safetensors`,
      );
    assert.equal(
      await sourceOf(await withFiles(`${stem}.bf16.safetensors`, `${stem}.fp16.safetensors`), component),
      `${stem}.fp16.safetensors`,
    );
    await assert.rejects(
      sourceOf(await withFiles(`${stem}.ema.safetensors`, `${stem}.non_ema.safetensors`), component),
      new RegExp(
        `${component}: holds ${stem}\\.ema\\.safetensors and ${stem}\\.non_ema\\.safetensors; rename`,
      ),
    );
  }
});

test('beside a whole file an index counts in diffusers and does not in transformers, as there', async () => {
  for (const [component, stem, expected] of [
    ['unet', 'diffusion_pytorch_model', 'shard.safetensors'],
    ['text_encoder', 'model', 'model.safetensors'],
  ] as const) {
    const directory = await changed(async (copy) => {
      const place = (name: string) => path.join(copy, component, name);
      await cp(place(`${stem}.safetensors`), place('shard.safetensors'));
      const { tensors } = await readSafetensorsHeader(place('shard.safetensors'));
      const weight_map = Object.fromEntries([...tensors.keys()].map((name) => [name, 'shard.safetensors']));
      await writeFile(place(`${stem}.safetensors.index.json`), JSON.stringify({ weight_map }));
    });
    assert.equal(await sourceOf(directory, component), expected);
  }
});
