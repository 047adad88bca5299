import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { Checkpoint } from '../checkpoints/checkpoint.ts';
import { mergeLoras } from '../checkpoints/loras/merge-loras.ts';
import { openCheckpoint } from '../checkpoints/open-checkpoint.ts';
import { readTensorValues } from '../checkpoints/safetensors/tensor-values.ts';
import { writeSingleFile } from '../checkpoints/synthetic/single-file-writer.ts';
import { writeTinyCheckpoints, writeTinySingleFiles } from '../checkpoints/synthetic/tiny-checkpoint.ts';
import { openClipTextEncoder } from './clip-text-encoder.ts';
import { runtimeLowRank } from './runtime-low-rank.ts';
import { oracleNumbers } from './testing/oracle-inputs.ts';
import { openUnet } from './unet.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'merged-loras-'));
after(() => rmSync(directory, { recursive: true }));

const lora = (name: string, weight: number) => ({
  file: path.join(import.meta.dirname, '..', 'checkpoints', 'loras', 'oracles', name),
  weight,
});

/** What the UNet and the second text encoder make of fixed inputs. */
async function outputsOf({ unet, textEncoders }: Checkpoint): Promise<Float32Array[]> {
  const network = await openUnet(unet, { device: 'cpu', timeIdCount: 6 });
  const encoder = await openClipTextEncoder(textEncoders[1]!, { device: 'cpu' });
  const ids = new Int32Array(77).fill(49407).fill(320, 1, 20);
  const { hiddenStates, pooled } = await encoder.encodePrompt(ids);
  const noise = await network.predictNoise({
    latents: oracleNumbers([1, 4, 16, 16], 1),
    batch: 1,
    height: 16,
    width: 16,
    timestep: 500,
    encoderHiddenStates: oracleNumbers([1, 77, network.crossAttentionWidth], 2),
    textEmbeds: oracleNumbers([1, network.pooledWidth], 3),
    timeIds: oracleNumbers([1, 6], 4),
  });
  await network.release();
  await encoder.release();
  return [noise, hiddenStates, pooled!];
}

test('networks read merged weights from their side file, as they would from one whole file', async () => {
  const { base } = await writeTinyCheckpoints(directory);
  const single = await writeTinySingleFiles(directory);
  const loras = [lora('kohya.safetensors', 0.7), lora('kohya-original.safetensors', 0.5)];
  const plain = await openCheckpoint(base);
  const whole = path.join(directory, 'whole.safetensors');
  await writeSingleFile(whole, await mergeLoras(plain, loras, path.join(directory, 'a')), { configs: true });

  const unmerged = await outputsOf(plain);
  const expected = await outputsOf(await openCheckpoint(whole));
  for (const [index, values] of expected.entries())
    assert.ok(values.some((value, at) => Math.abs(value - unmerged[index]![at]!) > 0.01));
  for (const location of [base, single.base]) {
    const merged = await mergeLoras(await openCheckpoint(location), loras, path.join(directory, 'b', 'c'));
    assert.deepEqual(await outputsOf(merged), expected);
  }
});

test('every format is merged by the runtime as it is without one', async () => {
  // Held to peft and lycoris-lora in src/checkpoints/loras/merge-loras.test.ts.
  const { base } = await writeTinyCheckpoints(path.join(directory, 'formats'), { dtype: 'F32' });
  const plain = await openCheckpoint(base);
  const formats = ['kohya', 'kohya-original', 'diffusers', 'lycoris', 'lycoris-dora', 'peft-dora'];
  const loras = formats.map((name, index) => lora(`${name}.safetensors`, 0.7 - 0.2 * index));
  const expected = await mergeLoras(plain, loras, path.join(directory, 'without'));
  const merged = await mergeLoras(plain, loras, path.join(directory, 'with'), runtimeLowRank);
  for (const [name, location] of expected.unet.tensors) {
    const wanted = await readTensorValues(location);
    const largest = wanted.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const values = await readTensorValues(merged.unet.tensors.get(name)!);
    assert.ok(
      values.every((value, at) => Math.abs(value - wanted[at]!) <= 5e-6 * largest),
      name,
    );
  }
});

test('element types may differ from tensor to tensor of one file', async () => {
  const half = await openCheckpoint((await writeTinyCheckpoints(path.join(directory, 'half'))).base);
  const full = await openCheckpoint(
    (await writeTinyCheckpoints(path.join(directory, 'full'), { dtype: 'F32' })).base,
  );
  const brain = await openCheckpoint(
    (await writeTinyCheckpoints(path.join(directory, 'brain'), { dtype: 'BF16' })).base,
  );
  const tensors = new Map(half.unet.tensors);
  for (const [index, name] of [...tensors.keys()].entries())
    if (index % 3 > 0) tensors.set(name, (index % 3 === 1 ? full : brain).unet.tensors.get(name)!);
  const mixed = { ...half, unet: { ...half.unet, tensors }, vae: full.vae };
  const file = path.join(directory, 'mixed.safetensors');
  await writeSingleFile(file, mixed, { configs: true });
  const opened = await openCheckpoint(file);
  const types = new Set([...opened.unet.tensors.values()].map(({ dtype }) => dtype));
  assert.deepEqual([...types].sort(), ['BF16', 'F16', 'F32']);
  // In the folder the tensors lie in three folders.
  assert.deepEqual(await outputsOf(opened), await outputsOf(mixed));
});
