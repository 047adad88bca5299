import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { installedProgram, ownCommand } from './own-command.ts';
import { packageRoot } from './package-root.ts';

test('a checkout is told the scripts of its package.json', () => {
  assert.equal(installedProgram('/opt/sdxl-server'), undefined);
  assert.equal(ownCommand('models pull NAME', undefined), 'npm run models -- pull NAME');
  assert.equal(ownCommand('cuda:install', undefined), 'npm run cuda:install');
  assert.equal(ownCommand('start', undefined), 'npm start');
});

test('the npm package is told its program, as its user reached it', async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'own-command-'));
  t.after(() => rm(folder, { recursive: true }));
  const installed = async (holder: string, manifest?: object): Promise<string | undefined> => {
    const at = path.join(folder, holder);
    await mkdir(at, { recursive: true });
    if (manifest) await writeFile(path.join(at, 'package.json'), JSON.stringify(manifest));
    return installedProgram(path.join(at, 'node_modules/sdxl-server'));
  };
  const project = await installed('project', { dependencies: { 'sdxl-server': 'file:sdxl-server.tgz' } });
  assert.equal(project, 'npx sdxl-server');
  assert.equal(await installed('usr/lib'), 'sdxl-server');
  // What npx of npm 11.19 writes for `npx ./sdxl-server-0.1.0.tgz` and for `npx sdxl-server@0.1.0`.
  const archive = { dependencies: { 'sdxl-server': 'file:../../work/sdxl-server-0.1.0.tgz' } };
  assert.equal(await installed('_npx/5f9b', archive), `npx ${folder}/work/sdxl-server-0.1.0.tgz`);
  const named = await installed('_npx/7c24', { dependencies: { 'sdxl-server': '^0.1.0' } });
  assert.equal(named, 'npx sdxl-server');
  assert.equal(ownCommand('models pull NAME', named), 'npx sdxl-server models pull NAME');
  assert.equal(ownCommand('start', 'sdxl-server'), 'sdxl-server start');
});

test('no text of the package names a script of a checkout', () => {
  // Of comments, and of settings, which docs/configuration.md shows to who has the checkout.
  const files = globSync(['src/**/*.ts', 'workers/**/*.ts', 'scripts/cli/**/*.ts'], {
    cwd: packageRoot,
  }).filter((file) => !/\.test\.ts$|\/testing\/|settings\.ts$|own-command\.ts$|^src\/client\//.test(file));
  assert.ok(files.length > 300);
  const found = files.flatMap((file) =>
    readFileSync(path.join(packageRoot, file), 'utf8')
      .split('\n')
      .filter((line) => /npm (start|run )/.test(line) && !/^\s*(\*|\/\*|\/\/)/.test(line))
      .map((line) => `${file}: ${line.trim()}`),
  );
  assert.deepEqual(found, []);
});
