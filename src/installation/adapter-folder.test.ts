import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { writeSafetensors } from '../checkpoints/safetensors/write-safetensors.ts';
import { after, before } from '../testing/hooks.ts';
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

test('a LoRA of few steps is known by its manifest, its metadata or its name, in this order', async () => {
  const { files: read } = createLoraFolder(modelsDir);
  const folder = path.join(modelsDir, 'loras', 'few');
  await mkdir(folder, { recursive: true });
  const titled = { 'modelspec.title': 'LCM LoRA SDXL' };
  const write = (name: string, metadata = {}) =>
    writeSafetensors(path.join(folder, `${name}.safetensors`), pair, metadata);
  const tell = (name: string, told: object) =>
    writeFile(path.join(folder, `${name}.json`), JSON.stringify(told));
  await write('mine', titled);
  await write('sdxl_lightning_2step_lora');
  await write('plain');
  // A1111's card of a LoRA.
  await tell('plain', { 'activation text': 'tok', 'preferred weight': 0.8 });
  const known = async () => {
    const { usable, broken } = await read();
    const said = new Map(usable.map(({ name, few_step: fewStep }) => [name, fewStep] as const));
    return { said: (name: string) => said.get(`few/${name}`), broken };
  };
  const first = await known();
  assert.deepEqual(first.said('mine'), {
    ...{ kind: 'lcm', steps: 4, known_by: 'metadata' },
    defaults: {
      ...{ scheduler: 'lcm lcm', sampler: 'lcm', schedule: 'lcm', num_inference_steps: 4, guidance_scale: 1 },
    },
    ranges: { num_inference_steps: [1, 100], guidance_scale: [0, 25] },
  });
  const { kind, steps, known_by, defaults } = first.said('sdxl_lightning_2step_lora')!;
  assert.deepEqual(
    { kind, steps, known_by, ...defaults },
    {
      ...{ kind: 'lightning', steps: 2, known_by: 'name', num_inference_steps: 2, guidance_scale: 0 },
      ...{ scheduler: 'Euler', sampler: 'euler', schedule: 'turbo' },
    },
  );
  assert.equal(first.said('plain'), undefined);

  await tell('mine', { few_step: { kind: 'hyper', first_timestep: 800 } });
  await tell('sdxl_lightning_2step_lora', { few_step: false });
  await tell('plain', { few_step: 'fast' });
  const later = await known();
  const { first_timestep, known_by: by, defaults: asked } = later.said('mine')!;
  assert.deepEqual([first_timestep, by, asked.scheduler], [800, 'manifest', 'lcm simple']);
  assert.equal(later.said('sdxl_lightning_2step_lora'), undefined);
  assert.deepEqual(
    later.broken.find(({ name }) => name === 'few/plain'),
    {
      name: 'few/plain',
      reason: `plain.json: few_step is "fast"; its kind must be one of lightning, turbo, hyper, lcm, tcd, dmd2`,
    },
  );
});
