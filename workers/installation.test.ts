import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { findInstallation } from './installation.ts';

const root = mkdtempSync(path.join(tmpdir(), 'installation-'));
let models = '';
let count = 0;
beforeEach(() => {
  models = path.join(root, String(count++));
  for (const folder of ['sdxl-base', 'juggernaut', 'notes'])
    mkdirSync(path.join(models, folder), { recursive: true });
  for (const folder of ['sdxl-base', 'juggernaut'])
    writeFileSync(path.join(models, folder, 'model_index.json'), '{}');
});
after(() => rmSync(root, { recursive: true }));

const alias = (content: string) => writeFileSync(path.join(models, 'models.json'), content);

test('every folder with a model_index.json is served under its own name', async () => {
  assert.deepEqual(Object.fromEntries(await findInstallation(models)), {
    juggernaut: path.join(models, 'juggernaut'),
    'sdxl-base': path.join(models, 'sdxl-base'),
  });
});

test('models.json gives one folder several names instead of its own', async () => {
  alias('{"realvis": "juggernaut", "protovision": "juggernaut"}');
  assert.deepEqual([...(await findInstallation(models)).keys()], ['sdxl-base', 'realvis', 'protovision']);
});

for (const [what, content, message] of [
  ['a missing folder', '{"realvis": "gone"}', /models\.json: realvis is said to be in "gone"/],
  ['a folder elsewhere', '{"realvis": "../juggernaut"}', /realvis must name a folder beside the file/],
  ['a value that is no text', '{"realvis": 3}', /realvis must name a folder beside the file, got 3/],
  ['a list', '[]', /models\.json: expected an object/],
  ['broken JSON', '{', /models\.json: /],
] as const) {
  test(`models.json with ${what} is refused by name`, async () => {
    alias(content);
    await assert.rejects(findInstallation(models), message);
  });
}

test('a models folder without checkpoints is refused', async () => {
  await assert.rejects(findInstallation(path.join(models, 'notes')), /no checkpoint found/);
});

test('a models folder that does not exist is refused by name', async () => {
  await assert.rejects(findInstallation(path.join(models, 'gone')), /gone: .*does not exist/);
});
