import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { findInstallation, readModelsFolder } from './installation.ts';

const root = mkdtempSync(path.join(tmpdir(), 'installation-'));
let models = '';
let count = 0;
beforeEach(() => {
  models = path.join(root, String(count++));
  for (const folder of ['sdxl-base', 'juggernaut', 'notes'])
    mkdirSync(path.join(models, folder), { recursive: true });
  for (const folder of ['sdxl-base', 'juggernaut']) write(`${folder}/model_index.json`, '{}');
});
after(() => rmSync(root, { recursive: true }));

const write = (file: string, content: string) => writeFileSync(path.join(models, file), content);
const manifest = (folder: string, value: object) => write(`${folder}/model.json`, JSON.stringify(value));
const served = async () =>
  Object.fromEntries([...(await findInstallation(models))].map(([name, model]) => [name, model.checkpoint]));

async function refusedEntry(entry: string, reason: RegExp): Promise<void> {
  const { models: found, unservable } = await readModelsFolder(models);
  assert.deepEqual(
    unservable.map((each) => each.entry),
    [entry],
  );
  assert.match(unservable[0]!.reason, reason);
  assert.ok(found.length > 0 && found.every(({ name }) => name !== entry));
}

test('every folder with a model_index.json is served under its own name', async () => {
  assert.deepEqual(await served(), {
    juggernaut: path.join(models, 'juggernaut'),
    'sdxl-base': path.join(models, 'sdxl-base'),
  });
});

test('a .safetensors file in the models folder is served under its name without the ending', async () => {
  write('realvis.safetensors', '');
  assert.equal((await served()).realvis, path.join(models, 'realvis.safetensors'));
});

test('a manifest gives one folder several names instead of its own', async () => {
  manifest('juggernaut', { kind: 'base', serves: ['realvis', 'protovision'] });
  assert.deepEqual([...(await findInstallation(models)).keys()], ['realvis', 'protovision', 'sdxl-base']);
});

test('a manifest names the single file behind its folder', async () => {
  write('notes/weights.safetensors', '');
  manifest('notes', { kind: 'base', checkpoint: 'weights.safetensors' });
  assert.equal((await served()).notes, path.join(models, 'notes', 'weights.safetensors'));
});

test('a manifest whose weights are missing is refused with the command that gets them', async () => {
  manifest('notes', { kind: 'base', checkpoint: 'weights.safetensors' });
  await refusedEntry('notes', /notes.model\.json: weights\.safetensors is missing; .*pull notes/);
});

test('two models under one name are refused by their folders', async () => {
  manifest('juggernaut', { kind: 'base', serves: ['sdxl-base'] });
  await assert.rejects(findInstallation(models), /juggernaut and sdxl-base are both served as "sdxl-base"/);
});

test('only the chosen names are served, and one that is not installed is refused with those that are', async () => {
  manifest('juggernaut', { kind: 'base', serves: ['realvis', 'protovision'] });
  assert.deepEqual([...(await findInstallation(models, ['realvis'])).keys()], ['realvis']);
  await assert.rejects(
    findInstallation(models, ['realvis', 'yamer']),
    /SERVE_MODELS: .* no model served as "yamer"; it has realvis, protovision, sdxl-base/,
  );
});

test('a base model that claims the refiner is refused', async () => {
  manifest('juggernaut', { kind: 'base', serves: ['sdxl-refiner'] });
  await refusedEntry('juggernaut', /juggernaut.model\.json: kind is "base", which cannot serve/);
});

test('a folder whose name no request can carry is refused', async () => {
  mkdirSync(path.join(models, 'my model'));
  write('my model/model_index.json', '{}');
  await refusedEntry('my model', /requests cannot name a model "my model"/);
});

test('hidden folders are none of the models', async () => {
  mkdirSync(path.join(models, '.partial-x'));
  write('.partial-x/model_index.json', '{}');
  assert.equal((await readModelsFolder(models)).models.length, 2);
});

test('a models folder without checkpoints is refused', async () => {
  await assert.rejects(findInstallation(path.join(models, 'notes')), /no checkpoint found/);
});

test('a models folder that does not exist is refused by name', async () => {
  await assert.rejects(findInstallation(path.join(models, 'gone')), /gone: .*does not exist/);
});

/** Entries of a models folder that are none of a worker's, each by what makes it. */
const foreign: Record<string, () => void> = {
  'a file with a space in its name': () => write('my model.safetensors', ''),
  'a file with brackets': () => write('sdxl (1).safetensors', ''),
  'a manifest that is no JSON': () => write('notes/model.json', '{'),
  'a manifest of another schema': () => manifest('notes', { name: 'x', version: 2 }),
  'a manifest without its weights': () => manifest('notes', { kind: 'base', checkpoint: 'a.safetensors' }),
  'a manifest that is a folder': () => mkdirSync(path.join(models, 'notes/model.json')),
  'a pickle': () => write('old.ckpt', ''),
  'a link to nothing': () => symlinkSync('gone', path.join(models, 'link.safetensors')),
  'a pipe': () => execFileSync('mkfifo', [path.join(models, 'pipe.safetensors')]),
  'two models of one name': () => {
    write('twin.safetensors', '');
    manifest('notes', { kind: 'base', serves: ['twin'] });
    write('notes/model_index.json', '{}');
  },
};
for (const [title, make] of Object.entries(foreign))
  test(`${title} takes nothing down, asked for or not`, async () => {
    make();
    assert.deepEqual([...(await findInstallation(models, ['juggernaut'])).keys()], ['juggernaut']);
    assert.deepEqual([...(await findInstallation(models)).keys()].sort(), ['juggernaut', 'sdxl-base']);
    if (title === 'two models of one name')
      await assert.rejects(findInstallation(models, ['twin']), /notes and twin are both served as "twin"/);
    else assert.equal((await readModelsFolder(models)).unservable.length, 1);
  });

test('a model that is asked for and cannot be served is refused with its reason', async () => {
  write('notes/model.json', '{');
  await assert.rejects(
    findInstallation(models, ['notes']),
    /no model served as "notes"; .*not served: .*notes.model\.json: not valid JSON/,
  );
});
