import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { bias, createHeaderFiles, refusal, weight } from '../testing/header-files.ts';
import { readSafetensorsHeader } from './safetensors.ts';

const { folder, fileOf, remove } = createHeaderFiles();
after(remove);

test('every tensor is found with its place in the file, in any order of the header', async () => {
  const header = { bias, __metadata__: { format: 'pt' }, weight };
  const file = fileOf(header, 20);
  const begin = 8 + JSON.stringify(header).length;
  assert.deepEqual(
    [...(await readSafetensorsHeader(file)).tensors],
    [
      ['bias', { file, byteOffset: begin + 12, byteLength: 8, dtype: 'F32', shape: [2] }],
      ['weight', { file, byteOffset: begin, byteLength: 12, dtype: 'F16', shape: [2, 3] }],
    ],
  );
});

test('scalars, empty tensors and a header padded with spaces are read', async () => {
  const header = JSON.stringify({
    scalar: { dtype: 'BF16', shape: [], data_offsets: [0, 2] },
    empty: { dtype: 'F32', shape: [0, 4], data_offsets: [0, 0] },
  });
  const { tensors } = await readSafetensorsHeader(fileOf(`${header}   `, 2));
  assert.equal(tensors.get('scalar')!.byteLength, 2);
  assert.equal(tensors.get('empty')!.byteLength, 0);
});

test('a symbolic link is followed to the file that holds the data', async () => {
  const file = fileOf({ weight }, 12);
  const link = path.join(folder, 'link.safetensors');
  symlinkSync(file, link);
  assert.equal((await readSafetensorsHeader(link)).tensors.get('weight')!.file, file);
});

test('position_ids are left out, any other integer tensor is refused by name and type', async () => {
  const integers = { dtype: 'I64', shape: [1], data_offsets: [12, 20] };
  const { tensors } = await readSafetensorsHeader(
    fileOf({ weight, 'text_model.embeddings.position_ids': integers }, 20),
  );
  assert.deepEqual([...tensors.keys()], ['weight']);
  assert.equal(
    await refusal(fileOf({ weight, counter: integers }, 20)),
    'tensor "counter" has element type I64; supported are F32, F16 and BF16',
  );
});

test('what the reference implementation reads is read', async () => {
  const names = async (header: unknown, dataBytes: number) => [
    ...(await readSafetensorsHeader(fileOf(header, dataBytes))).tensors.keys(),
  ];
  assert.deepEqual(await names({ __metadata__: null, weight }, 12), ['weight']);
  assert.deepEqual(await names(` \n${JSON.stringify({ weight })}`, 12), ['weight']);
  assert.deepEqual(await names({ weight: { ...weight, comment: 'kept' } }, 12), ['weight']);
  assert.deepEqual(await names('{}', 0), []);
});

test('a tensor of any element type of the format is a note where one is expected', async () => {
  const types: [dtype: string, shape: number[], bytes: number][] = [
    ['BOOL', [], 1],
    ['U64', [], 8],
    ['C64', [1], 8],
    ['F8_E8M0', [3], 3],
    ['F6_E2M3', [4], 3],
    ['F4', [2], 1],
  ];
  for (const [dtype, shape, bytes] of types) {
    const file = fileOf({ 'x.alpha': { dtype, shape, data_offsets: [0, bytes] } }, bytes);
    const { notes, tensors } = await readSafetensorsHeader(file, () => 'note');
    assert.deepEqual(
      [notes.get('x.alpha')!.dtype, notes.get('x.alpha')!.shape, tensors.size],
      [dtype, shape, 0],
    );
  }
});

test('a header of up to 100,000,000 bytes is read, as in the reference implementation', async () => {
  const preview = 'x'.repeat(20 * 2 ** 20);
  const { metadata } = await readSafetensorsHeader(fileOf({ __metadata__: { preview }, weight }, 12));
  assert.equal(metadata.preview!.length, preview.length);
  assert.match(
    await refusal(fileOf({ weight }, 12, 100_000_001)),
    /claims a header of 100000001 bytes, the limit is 100000000/,
  );
});

test('a key of megabytes is read or refused in a message that can be shown', async () => {
  const name = '\\"'.repeat(2 ** 20);
  const { tensors } = await readSafetensorsHeader(fileOf({ [name]: weight }, 12));
  assert.deepEqual([...tensors.keys()], [name]);
  const message = await refusal(fileOf({ [name]: { ...weight, dtype: 'I8' } }, 12));
  assert.ok(message.length < 2100, String(message.length));
});

test('a pipe under the name of a weights file is refused and does not hold the load', async () => {
  const pipe = path.join(folder, 'pipe.safetensors');
  execFileSync('mkfifo', [pipe]);
  assert.match(await refusal(pipe), /not a regular file/);
});
