import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { findInstallation } from '../../../src/installation/installation.ts';
import { defaultModels, shippedModels } from './demo-models.ts';
import { writeRandomModels } from './testing/random-models.ts';

const skip = existsSync(shippedModels) ? false : `there is no demo checkpoint in ${shippedModels}`;

async function dataDirectory(t: { after(end: () => Promise<void>): void }): Promise<string> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'default-models-'));
  t.after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** What is served under each name, as a worker finds it. */
async function served(modelsDir: string): Promise<Record<string, string>> {
  return Object.fromEntries(
    [...(await findInstallation(modelsDir))].map(([name, model]) => [name, model.name]),
  );
}

test('without a model of its own the demo stands behind every name', { skip }, async (t) => {
  const { modelsDir, description } = await defaultModels(await dataDirectory(t));
  assert.deepEqual(await served(modelsDir), await served(shippedModels));
  assert.match(description, /stands behind every model/);
});

test('a model that was pulled replaces the demo for its names, and for no others', { skip }, async (t) => {
  const dataDir = await dataDirectory(t);
  const { modelsDir } = await defaultModels(dataDir);
  await cp(path.join(shippedModels, 'demo-base'), path.join(modelsDir, 'mine'), { recursive: true });
  const manifest = path.join(modelsDir, 'mine/model.json');
  const text = await readFile(manifest, 'utf8');
  const serving = async (...serves: string[]): Promise<Record<string, string>> => {
    const changed = `${JSON.stringify({ ...JSON.parse(text), serves }, null, 2)}\n`;
    await writeFile(manifest, changed);
    const { description } = await defaultModels(dataDir);
    assert.match(description, /models is served \(mine\), and a small demo checkpoint/);
    return served(modelsDir);
  };
  const demo = await served(shippedModels);
  assert.deepEqual(await serving('juggernaut'), { ...demo, juggernaut: 'mine' });
  // A base of one's own has no use for the demo's refiner.
  const { 'sdxl-refiner': _, ...rest } = demo;
  assert.deepEqual(await serving('sdxl-base'), { ...rest, 'sdxl-base': 'mine' });
  await rm(path.join(modelsDir, 'mine'), { recursive: true });
  await defaultModels(dataDir);
  assert.deepEqual(await served(modelsDir), demo);
});

test('what is linked already is left as it is while somebody works on it', { skip }, async (t) => {
  const dataDir = await dataDirectory(t);
  const { modelsDir } = await defaultModels(dataDir);
  const before = await stat(path.join(modelsDir, 'demo-base'));
  await defaultModels(dataDir);
  assert.equal((await stat(path.join(modelsDir, 'demo-base'))).ino, before.ino);
});

test('without the demo checkpoint a model of its own is enough, and none is an error', async (t) => {
  const dataDir = await dataDirectory(t);
  const nowhere = path.join(dataDir, 'nowhere');
  await assert.rejects(
    defaultModels(dataDir, nowhere),
    /the demo checkpoint .*nowhere: set MODELS_DIR .* or put one into .*models/,
  );
  await writeRandomModels(path.join(dataDir, 'models'));
  const { modelsDir } = await defaultModels(dataDir, nowhere);
  assert.ok('sdxl-base' in (await served(modelsDir)));
});

test('the commands look where a plain start does', { skip }, async (t) => {
  const env = { PATH: process.env.PATH, DATA_DIR: await dataDirectory(t) };
  const run = (...args: string[]): string =>
    spawnSync(process.execPath, [path.resolve(import.meta.dirname, '../models.ts'), ...args], {
      env,
      encoding: 'utf8',
    }).stdout;
  assert.match(run('list'), /demo-base .* sdxl-base, /);
  assert.match(run('verify', 'demo-refiner', '--side', '64'), /^demo-refiner on cpu, 64 x 64$/m);
  assert.match(run('doctor'), new RegExp(`Memory for the models in ${env.DATA_DIR}/models`));
});
