import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { writeTinyCheckpoints } from '../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { runtimeRelease } from '../../src/networks/runtime/runtime.ts';
import { after, before } from '../../src/testing/hooks.ts';

const modelsDir = mkdtempSync(path.join(tmpdir(), 'models-command-'));
before(() => writeTinyCheckpoints(modelsDir));
after(() => rmSync(modelsDir, { recursive: true }));

const models = (...args: string[]) =>
  spawnSync(process.execPath, [path.join(import.meta.dirname, 'models.ts'), ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, MODELS_DIR: modelsDir },
  });

test('list, prepare and verify say what is in the models folder and that it works', () => {
  const list = models('list');
  assert.match(list.stdout, /tiny-base +base .*\ntiny-refiner +refiner /);
  assert.match(
    models('prepare').stdout,
    /tiny-base: 921 tensors fit their configs, .*\ntiny-refiner: 809 tensors/,
  );
  const verified = models('verify', 'tiny-refiner', '--side', '64');
  assert.equal(verified.status, 0, verified.stderr);
  assert.match(verified.stdout, /^tiny-refiner on cpu, 64 x 64$/m);
  assert.match(verified.stdout, /\nUNet +noise +\d\.\d+ +none /);
});

test('doctor ends well unless something is required of the machine', () => {
  const plain = models('doctor');
  assert.equal(plain.status, 0, plain.stderr);
  assert.ok(plain.stdout.startsWith(`ONNX Runtime ${runtimeRelease}: CUDA provider and its libraries\n`));
  assert.match(models('doctor', '--require', 'gpu').stderr, /--require gpu: must be libraries or cuda/);
});

test('an unknown command, model or side ends with what would be right', () => {
  assert.match(models('serve').stdout, /npm run models -- COMMAND/);
  assert.equal(models().status, 2);
  assert.match(models('verify', 'sd15').stderr, /has no model sd15; it has tiny-base, tiny-refiner/);
  assert.match(models('verify', '--side', '100').stderr, /--side 100: must be a multiple of 64/);
});
