import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { Dtype } from '../checkpoint.ts';
import { encodeValues } from '../safetensors/tensor-values.ts';
import { writeSafetensors } from '../safetensors/write-safetensors.ts';
import { readEmbedding } from './embedding-file.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'embedding-file-'));
after(() => rmSync(directory, { recursive: true }));

type Given = readonly [name: string, shape: readonly number[], fill?: number, dtype?: Dtype];

async function write(name: string, ...tensors: readonly Given[]): Promise<string> {
  const file = path.join(directory, `${name}.safetensors`);
  const sources = tensors.map(([name, shape, fill = 0.5, dtype = 'F32']) => {
    const values = new Float32Array(shape.reduce((all, side) => all * side, 1)).fill(fill);
    return { name, dtype, shape, bytes: () => [encodeValues(values, dtype)] };
  });
  rmSync(file, { force: true });
  await writeSafetensors(file, sources);
  return file;
}

test('vectors of both encoders are read from the files of every trainer, whatever their type', async () => {
  for (const [l, g] of [
    ['clip_l', 'clip_g'],
    ['text_encoders_0', 'text_encoders_1'],
  ] as const)
    for (const dtype of ['F32', 'F16', 'BF16'] as const) {
      const file = await write('pair', [l, [3, 4], 0.25, dtype], [g, [3, 6], -2, dtype]);
      const { tokens, vectors } = await readEmbedding(file);
      assert.equal(tokens, 3);
      assert.deepEqual(vectors.clip_l, new Float32Array(12).fill(0.25));
      assert.deepEqual(vectors.clip_g, new Float32Array(18).fill(-2));
    }
});

test('one vector may be written without its row, as diffusers does', async () => {
  const oracles = path.join(import.meta.dirname, 'oracles');
  assert.equal((await readEmbedding(path.join(oracles, 'single.safetensors'))).tokens, 1);
  assert.equal((await readEmbedding(path.join(oracles, 'pair.safetensors'))).tokens, 2);
});

test('what is told of the vectors changes with each of them and not with the file around them', async () => {
  const hash = async (...tensors: readonly Given[]) =>
    (await readEmbedding(await write('hash', ...tensors))).sha256;
  const one = await hash(['clip_l', [1, 4]], ['clip_g', [1, 6]]);
  assert.equal(await hash(['clip_g', [1, 6]], ['clip_l', [1, 4]]), one);
  assert.notEqual(await hash(['clip_l', [1, 4]], ['clip_g', [1, 6], 1]), one);
});

test('a file that is no embedding of both encoders is refused with the tensor and the reason', async () => {
  const g: Given = ['clip_g', [2, 6]];
  for (const [tensors, reason] of [
    [[['emb_params', [2, 768]]], /emb_params" is an embedding of Stable Diffusion 1 or 2/],
    [[['clip_l', [2, 4]]], /holds "clip_l" alone; SDXL takes vectors of both text encoders/],
    [[g], /holds "clip_g" alone/],
    [[], /holds no embedding/],
    [[['clip_l', [2, 4]], g, ['clip_l_out', [2, 4]]], /"clip_l_out" cannot be used/],
    [[['<cat-toy>', [768]]], /"<cat-toy>" cannot be used/],
    [[['clip_l', [2, 4]], ['text_encoders_0', [2, 4]], g], /"clip_l" and "text_encoders_0" are of one/],
    [[['clip_l', [3, 4]], g], /"clip_l" has 3 vectors and "clip_g" 2/],
    [
      [
        ['clip_l', [76, 4]],
        ['clip_g', [76, 6]],
      ],
      /has 76 vectors; a prompt's chunk has room for 75/,
    ],
    [[['clip_l', [1, 2, 4]], g], /"clip_l" has shape \[1,2,4\]/],
    [[['clip_l', []], g], /"clip_l" has shape \[\]/],
    [[['clip_l', [2, 4], Number.NaN], g], /"clip_l" holds NaN; it must hold finite numbers/],
    [
      [
        ['clip_l', [2, 4]],
        ['clip_g', [2, 6], Number.POSITIVE_INFINITY, 'F16'],
      ],
      /"clip_g" holds Infinity/,
    ],
  ] as readonly (readonly [readonly Given[], RegExp])[]) {
    const file = await write('wrong', ...tensors);
    await assert.rejects(readEmbedding(file), (error: Error) => {
      assert.match(error.message, reason);
      return error.message.startsWith(file);
    });
  }
});

test('pickles are refused unread, whatever they are called', async () => {
  for (const name of ['old.pt', 'old.bin', 'old.CKPT', 'disguised.safetensors']) {
    const file = path.join(directory, name);
    writeFileSync(file, Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(64, 0xff)]));
    await assert.rejects(readEmbedding(file), /pickle, which can run code; convert it to safetensors/);
  }
});
