import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { after, before } from '../../testing/hooks.ts';
import type { Checkpoint, TensorLocation } from '../checkpoint.ts';
import { openCheckpoint } from '../open-checkpoint.ts';
import { readSafetensorsHeader } from '../safetensors/safetensors.ts';
import { encodeValues, readTensorBytes, readTensorValues } from '../safetensors/tensor-values.ts';
import { writeTinyCheckpoints, writeTinySingleFiles } from '../synthetic/tiny-checkpoint.ts';
import { mergeLoras } from './merge-loras.ts';

/**
 * What scripts/maintainers/make-oracles/loras.py recorded; tensors by component/name as base64 of float32.
 */
interface Oracle {
  sha256: Record<string, string>;
  runs: Record<string, { loras: { file: string; weight: number }[]; tensors: Record<string, string> }>;
}

const oracles = path.join(import.meta.dirname, 'oracles');
const readOracle = async (name: string): Promise<Oracle> =>
  JSON.parse(gunzipSync(await readFile(path.join(oracles, name))).toString());
const oracle = await readOracle('merged.json.gz');
const lycoris = await readOracle('merged-lycoris.json.gz');
let folder = '';
let side = '';
const opened = {} as Record<'folder' | 'half' | 'single', Checkpoint>;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'loras-'));
  side = path.join(folder, 'side');
  const { base } = await writeTinyCheckpoints(folder, { dtype: 'F32' });
  opened.folder = await openCheckpoint(base);
  opened.half = await openCheckpoint((await writeTinyCheckpoints(path.join(folder, 'half'))).base);
  opened.single = await openCheckpoint((await writeTinySingleFiles(folder, { dtype: 'F32' })).base);
});
after(() => rm(folder, { recursive: true }));

const inOracles = (loras: readonly { file: string; weight: number }[]) =>
  loras.map(({ file, weight }) => ({ file: path.join(oracles, file), weight }));

function locations({ unet, textEncoders }: Checkpoint): Map<string, TensorLocation> {
  return new Map(
    [unet, ...textEncoders].flatMap(({ name: component, tensors }) =>
      [...tensors].map(([name, location]) => [`${component}/${name}`, location] as const),
    ),
  );
}

function floats(base64: string): Float32Array {
  return new Float32Array(new Uint8Array(Buffer.from(base64, 'base64')).buffer);
}

test('the oracle was made with the checkpoint of this tree', async () => {
  for (const [file, expected] of Object.entries(oracle.sha256)) {
    const bytes = await readFile(path.join(opened.folder.directory, file));
    assert.equal(createHash('sha256').update(bytes).digest('hex'), expected, file);
  }
});

/**
 * A divergence from diffusers 0.42.1 on purpose: converting kohya's names it keeps an attention layer's own
 * alpha under a name (...processor.to_k_lora) that peft does not find, and takes the file's most frequent
 * alpha, here 1. By tensor, our alpha.
 */
const attentionAlphas: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'kohya.safetensors': {
    'unet/down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight': 3,
    'unet/up_blocks.0.attentions.1.transformer_blocks.1.attn2.to_out.0.weight': 0.5,
  },
  'kohya-original.safetensors': {
    'unet/up_blocks.0.attentions.1.transformer_blocks.1.attn2.to_out.0.weight': 4,
  },
};

for (const [run, { loras, tensors }] of Object.entries(oracle.runs))
  for (const layout of ['folder', 'single'] as const)
    test(`"${run}" merged into a ${layout} gives the weights that peft gives, and leaves the others in place`, async () => {
      const merged = await mergeLoras(opened[layout], inOracles(loras), side);
      const original = locations(opened[layout]);
      const changed = [...locations(merged)].filter(([name, location]) => location !== original.get(name));
      assert.deepEqual(changed.map(([name]) => name).sort(), Object.keys(tensors).sort());
      for (const [name, location] of changed) {
        assert.equal(path.dirname(location.file), side);
        assert.deepEqual(location.shape, original.get(name)!.shape);
        const actual = await readTensorValues(location);
        const before = await readTensorValues(original.get(name)!);
        const alpha = attentionAlphas[loras[0]!.file]?.[name] ?? 1;
        const expected = floats(tensors[name]!).map(
          (value, index) => before[index]! + alpha * (value - before[index]!),
        );
        const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        for (const [index, value] of actual.entries())
          assert.ok(Math.abs(value - expected[index]!) <= 2e-6 * largest, `${name} ${index}: ${value}`);
      }
    });

for (const [run, { loras, tensors }] of Object.entries(lycoris.runs))
  test(`"${run}" gives the weights that the format's own library gives`, async () => {
    const merged = await mergeLoras(opened.folder, inOracles(loras), side);
    const original = locations(opened.folder);
    const changed = [...locations(merged)].filter(([name, location]) => location !== original.get(name));
    assert.deepEqual(changed.map(([name]) => name).sort(), Object.keys(tensors).sort());
    for (const [name, location] of changed) {
      const actual = await readTensorValues(location);
      const expected = floats(tensors[name]!);
      const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      for (const [index, value] of actual.entries())
        assert.ok(Math.abs(value - expected[index]!) <= 5e-6 * largest, `${name} ${index}: ${value}`);
    }
  });

test('at weight 0 every format leaves the weights as they are, to the bit', async () => {
  const loras = lycoris.runs['all stacked']!.loras.map((lora) => ({ ...lora, weight: 0 }));
  const merged = await mergeLoras(opened.half, inOracles(loras), side);
  const original = locations(opened.half);
  for (const [name, location] of locations(merged))
    assert.deepEqual(await readTensorBytes(location), await readTensorBytes(original.get(name)!), name);
});

test('copies of convolution weights that a LoRA changes are left out, the others stay', async () => {
  const { unet } = opened.folder;
  const copies = new Map([...unet.tensors].filter(([, { shape }]) => shape.length === 4));
  const copied = { ...opened.folder, unet: { ...unet, channelsLast: copies } };
  const { loras, tensors } = oracle.runs['kohya-original']!;
  const { channelsLast } = (await mergeLoras(copied, inOracles(loras), side)).unet;
  const expected = [...copies.keys()].filter((name) => !Object.hasOwn(tensors, `unet/${name}`));
  assert.deepEqual([...channelsLast!.keys()], expected);
  assert.ok(expected.length > 0 && expected.length < copies.size);
});

test('text encoders may have a weight of their own', async () => {
  const [lora] = inOracles(oracle.runs.kohya!.loras);
  const both = await mergeLoras(opened.folder, [{ ...lora!, weight: 0.8 }], side);
  const apart = await mergeLoras(opened.folder, [{ ...lora!, weight: 0, textEncoderWeight: 0.8 }], side);
  const [whole, texts, original] = [both, apart, opened.folder].map(locations);
  for (const [name, location] of texts!) {
    const same = name.startsWith('unet/') ? original! : whole!;
    assert.deepEqual(await readTensorBytes(location), await readTensorBytes(same.get(name)!), name);
  }
});

test('float16 weights are added to in float32 and rounded once', async () => {
  const { loras } = oracle.runs.kohya!;
  const merged = await mergeLoras(opened.half, inOracles(loras), side);
  const name = 'mid_block.attentions.0.proj_in.weight';
  const location = merged.unet.tensors.get(name)!;
  const [down, up] = await Promise.all(
    ['down', 'up'].map(async (part) => {
      const file = await openLora('kohya.safetensors');
      return readTensorValues(file.get(`lora_unet_mid_block_attentions_0_proj_in.lora_${part}.weight`)!);
    }),
  );
  const before = await readTensorValues(opened.half.unet.tensors.get(name)!);
  // Rank 2, alpha 2, weight 0.8.
  const sums = before.map((value, index) => {
    const [row, column] = [Math.floor(index / 40), index % 40];
    return value + 0.8 * (up![row * 2]! * down![column]! + up![row * 2 + 1]! * down![40 + column]!);
  });
  assert.equal(location.dtype, 'F16');
  assert.deepEqual(await readTensorBytes(location), encodeValues(sums, 'F16'));
});

async function openLora(name: string): Promise<Map<string, TensorLocation>> {
  return (await readSafetensorsHeader(path.join(oracles, name))).tensors;
}

test('a side file of the same files and weights is kept, one of other weights is made anew', async () => {
  const own = path.join(folder, 'kept');
  const lora = path.join(folder, 'kept.safetensors');
  await cp(path.join(oracles, 'kohya.safetensors'), lora);
  const merge = async (weight: number) => {
    const { unet } = await mergeLoras(opened.folder, [{ file: lora, weight }], own);
    return unet.tensors.get('mid_block.attentions.0.proj_in.weight')!.file;
  };
  const first = await merge(1);
  const { mtimeMs, ino } = await stat(first);
  assert.equal(await merge(1), first);
  assert.deepEqual([(await stat(first)).mtimeMs, (await stat(first)).ino], [mtimeMs, ino]);
  const second = await merge(0.5);
  assert.notEqual(second, first);
  // A LoRA of the same name with other contents, and a side file that a crash cut off under its final name
  // never was.
  await cp(path.join(oracles, 'kohya-original.safetensors'), lora);
  const { unet } = await mergeLoras(opened.folder, [{ file: lora, weight: 1 }], own);
  assert.ok(unet.tensors.get('down_blocks.1.resnets.0.conv1.weight')!.file.startsWith(own));
  assert.equal((await readdir(own)).length, 3);
});

test('no LoRAs leave the checkpoint as it is', async () => {
  assert.equal(await mergeLoras(opened.folder, [], side), opened.folder);
});

test('a LoRA that is no safetensors file, or whose weight is no number, is refused', async () => {
  const pickle = path.join(folder, 'pickle.safetensors');
  await writeFile(pickle, Buffer.from('504b03040a000000000000000000', 'hex'));
  const merge = (file: string, weight: number) => mergeLoras(opened.folder, [{ file, weight }], side);
  await assert.rejects(merge(pickle, 1), /holds a Python pickle/);
  await assert.rejects(merge(path.join(folder, 'lora.pt'), 1), /lora\.pt: a LoRA is a \.safetensors file/);
  await assert.rejects(merge(path.join(oracles, 'kohya.safetensors'), Number.NaN), /its weight is NaN/);
});
