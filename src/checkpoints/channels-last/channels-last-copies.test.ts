import assert from 'node:assert/strict';
import { mkdtemp, readdir, rename, rm, stat, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { after, before } from '../../testing/hooks.ts';
import type { Checkpoint, Component } from '../checkpoint.ts';
import { openCheckpoint } from '../open-checkpoint.ts';
import { encodeValues, readTensorBytes, readTensorValues } from '../safetensors/tensor-values.ts';
import { writeTinyCheckpoints, writeTinySingleFiles } from '../synthetic/tiny-checkpoint.ts';
import { channelsLastFiles, withChannelsLast, writeChannelsLast } from './channels-last-copies.ts';

let folder = '';
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'channels-last-'));
});
after(() => rm(folder, { recursive: true }));

let count = 0;
const fresh = () => path.join(folder, String(count++));

async function prepared(checkpoint: Checkpoint): Promise<Checkpoint> {
  const side = fresh();
  await writeChannelsLast(checkpoint, side);
  return withChannelsLast(checkpoint, side);
}

/** Element for element, by the definition of the two orders. */
async function assertCopies(component: Component<unknown>): Promise<number> {
  for (const [name, copy] of component.channelsLast!) {
    const original = component.tensors.get(name)!;
    const [out, inward, height, width] = original.shape as [number, number, number, number];
    assert.deepEqual(copy.shape, [out, height, width, inward]);
    const from = await readTensorValues(original);
    const expected = new Float32Array(from.length);
    for (let o = 0; o < out; o++)
      for (let i = 0; i < inward; i++)
        for (let y = 0; y < height; y++)
          for (let x = 0; x < width; x++)
            expected[((o * height + y) * width + x) * inward + i] =
              from[((o * inward + i) * height + y) * width + x]!;
    assert.deepEqual(await readTensorBytes(copy), encodeValues(expected, copy.dtype), name);
  }
  return component.channelsLast!.size;
}

for (const dtype of ['F32', 'F16', 'BF16'] as const) {
  test(`${dtype}: every convolution weight of more than a pixel is copied, the UNet's as F16, the VAE's as ${dtype}`, async () => {
    const { base } = await writeTinyCheckpoints(fresh(), { dtype });
    const { unet, vae, textEncoders } = await prepared(await openCheckpoint(base));
    for (const [component, expected] of [
      [unet, 'F16'],
      [vae, dtype],
    ] as const) {
      const large = [...component.tensors.values()].filter(
        ({ shape }) => shape.length === 4 && shape[2]! > 1,
      );
      assert.equal(await assertCopies(component), large.length);
      for (const copy of component.channelsLast!.values()) assert.equal(copy.dtype, expected);
    }
    assert.ok(textEncoders.every((encoder) => encoder.channelsLast === undefined));
  });
}

test('a single file is copied as a folder of the same weights is', async () => {
  const [{ base }, single] = [await writeTinyCheckpoints(fresh()), await writeTinySingleFiles(fresh())];
  const [one, other] = [
    await prepared(await openCheckpoint(base)),
    await prepared(await openCheckpoint(single.base)),
  ];
  for (const [name, copy] of one.unet.channelsLast!)
    assert.deepEqual(
      await readTensorBytes(other.unet.channelsLast!.get(name)!),
      await readTensorBytes(copy),
      name,
    );
});

test('copies are kept as long as the weights are the same, wherever the folder lies, and no longer', async () => {
  const models = fresh();
  const { base } = await writeTinyCheckpoints(models);
  const side = path.join(base, 'prepared');
  await writeChannelsLast(await openCheckpoint(base), side);
  const files = await channelsLastFiles(await openCheckpoint(base), side);
  const times = await Promise.all(files.map(async (file) => (await stat(file)).mtimeMs));

  await writeChannelsLast(await openCheckpoint(base), side);
  assert.deepEqual(await Promise.all(files.map(async (file) => (await stat(file)).mtimeMs)), times);

  const elsewhere = fresh();
  await rename(models, elsewhere);
  const moved = await openCheckpoint(path.join(elsewhere, 'tiny-base'));
  const found = await withChannelsLast(moved, path.join(moved.directory, 'prepared'));
  assert.ok(found.unet.channelsLast !== undefined && found.vae.channelsLast !== undefined);

  const [weights] = (await readdir(path.join(moved.directory, 'unet'))).filter((name) =>
    name.endsWith('.safetensors'),
  );
  await utimes(path.join(moved.directory, 'unet', weights!), new Date(), new Date(0));
  const changed = await withChannelsLast(moved, path.join(moved.directory, 'prepared'));
  assert.equal(changed.unet.channelsLast, undefined);
  assert.ok(changed.vae.channelsLast !== undefined);
});

test('without copies a checkpoint is what it was', async () => {
  const { base } = await writeTinyCheckpoints(fresh());
  const checkpoint = await openCheckpoint(base);
  assert.deepEqual(await withChannelsLast(checkpoint, fresh()), checkpoint);
});
