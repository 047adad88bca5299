import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { writeSafetensors } from '../checkpoints/safetensors/write-safetensors.ts';
import { createAdapterFolder } from './adapter-folder.ts';
import { createLoraFolder } from './lora-folder.ts';

let modelsDir = '';
before(async () => {
  modelsDir = await mkdtemp(path.join(tmpdir(), 'adapters-'));
});
after(() => rm(modelsDir, { recursive: true }));

const module = 'lora_unet_mid_block_attentions_0_proj_in';
const tensor = (name: string, shape: readonly number[]) => ({
  ...({ name: `${module}.${name}`, dtype: 'F32', shape } as const),
  bytes: () => [new Uint8Array(4 * shape.reduce((all, each) => all * each, 1))],
});
const pair = [tensor('lora_down.weight', [2, 4]), tensor('lora_up.weight', [4, 2])];

test('a folder is read anew each time: what is new, changed, damaged and gone', async () => {
  const { files: read, find } = createLoraFolder(modelsDir);
  assert.deepEqual(await read(), { files: new Map(), usable: [], broken: [] });
  const folder = path.join(modelsDir, 'loras');
  await mkdir(path.join(folder, 'styles'), { recursive: true });
  await writeSafetensors(path.join(folder, 'plain.safetensors'), pair, {
    'modelspec.trigger_phrase': 'a tok, in style',
  });
  await writeSafetensors(path.join(folder, 'styles', 'dora.safetensors'), [
    ...pair,
    tensor('dora_scale', [1, 4]),
  ]);
  await writeSafetensors(path.join(folder, 'strange.safetensors'), [tensor('oft_blocks', [1])]);
  await writeFile(path.join(folder, 'pickle.safetensors'), Buffer.from([0x80, 2, 0x7d, ...Buffer.alloc(20)]));
  await writeFile(path.join(folder, 'old.pt'), 'PK');
  await writeFile(path.join(folder, 'notes.txt'), 'no LoRA');
  const { usable, broken, files } = await read();
  assert.deepEqual(usable, [
    { name: 'plain', kind: 'lora', trigger_words: ['a tok', 'in style'] },
    { name: 'styles/dora', kind: 'dora-lora', trigger_words: [] },
  ]);
  assert.equal(files.get('styles/dora')?.file, path.join(folder, 'styles', 'dora.safetensors'));
  assert.deepEqual(
    broken.map(({ name }) => name),
    ['old', 'pickle', 'strange'],
  );
  const reasons = new Map(broken.map(({ name, reason }) => [name, reason]));
  assert.match(reasons.get('strange')!, /^strange\.safetensors: tensor ".*oft_blocks" is none of a LoRA's/);
  assert.match(reasons.get('pickle')!, /^pickle\.safetensors: .*pickle/);
  assert.match(reasons.get('old')!, /^old\.pt: /);

  assert.deepEqual(await find('styles/dora'), { file: path.join(folder, 'styles', 'dora.safetensors') });
  assert.deepEqual(await find('strange'), { reason: reasons.get('strange') });
  assert.equal(await find('plain.safetensors'), undefined);

  await rm(path.join(folder, 'plain.safetensors'));
  await rm(path.join(folder, 'strange.safetensors'));
  await writeSafetensors(path.join(folder, 'strange.safetensors'), pair);
  assert.deepEqual(
    (await read()).usable.map(({ name }) => name),
    ['strange', 'styles/dora'],
  );
  assert.equal(await find('plain'), undefined);
});

test('the file of a name is found without opening another, also where two have the name', async () => {
  const folder = await mkdtemp(path.join(modelsDir, 'loras-'));
  for (const entry of ['one.bin', 'one.pt', 'two.pt']) await writeFile(path.join(folder, entry), '');
  const opened: string[] = [];
  const { files, find } = createAdapterFolder(folder, ['.bin', '.pt'], async (file) => {
    opened.push(path.basename(file));
    return { kind: 'lora', trigger_words: [] };
  });
  assert.deepEqual(await find('one'), { file: path.join(folder, 'one.bin') });
  assert.deepEqual(await find('one'), { file: path.join(folder, 'one.bin') });
  assert.deepEqual(opened, ['one.bin']);
  assert.equal((await files()).files.get('one')?.file, path.join(folder, 'one.bin'));
  assert.deepEqual(opened, ['one.bin', 'one.pt', 'two.pt']);
});
