import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { boundToParent } from '../../../src/process/bound-process.ts';
import { freePort } from '../../../src/testing/free-port.ts';

/** Each path that a setting or an option names is looked at before anything is done. */

const bounded = { timeout: 60_000 };
const root = path.resolve(import.meta.dirname, '../../..');
const home = mkdtempSync(path.join(os.tmpdir(), 'bad-paths-'));
writeFileSync(path.join(home, 'file'), '');
after(() => rmSync(home, { recursive: true }));

async function complaintOf(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(...boundToParent('KILL', process.execPath, args), {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: process.env.PATH, DATA_DIR: home, PORT: String(await freePort()), ...environment },
  });
  const [complaint, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  assert.notEqual(code, 0);
  return complaint;
}

const start = ['scripts/cli/start.ts'];
const gateway = ['src/gateway/server.ts'];
const worker = ['workers/worker.ts'];
const nowhere = { REDIS_URL: 'redis://127.0.0.1:1' };
for (const [args, environment, told] of [
  [start, { DATA_DIR: '/proc/x' }, /DATA_DIR="\/proc\/x": cannot be made/],
  [start, { DATA_DIR: '/etc/passwd' }, /DATA_DIR="\/etc\/passwd": is a file, not a folder/],
  [start, { MODELS_DIR: `${home}/none` }, /MODELS_DIR=".*none": there is no such folder/],
  [
    start,
    { HEALTH_FILE: '/nowhere/health' },
    /HEALTH_FILE="\/nowhere\/health": there is no folder \/nowhere/,
  ],
  [gateway, { ...nowhere, CONTENT_DENY_LIST: home }, /CONTENT_DENY_LIST=".*": is a folder, not a file/],
  [gateway, { REDIS_URL: `unix:/${'x'.repeat(107)}` }, /REDIS_URL=.*107 bytes at most/],
  [gateway, { REDIS_URL: 'redis://127.0.0.1/first' }, /REDIS_URL=.*\/N behind it for database N/],
  [
    worker,
    { ...nowhere, SAFETY_CHECKER: `${home}/file` },
    /SAFETY_CHECKER=".*file": is a file, not a folder/,
  ],
  [
    worker,
    { ...nowhere, MODELS_DIR: `${home}/file/x` },
    /MODELS_DIR=".*file\/x": .*a part of the path is a file/,
  ],
] as const)
  test(
    `${args[0]} with ${Object.keys(environment).at(-1)}=${Object.values(environment).at(-1)!.slice(0, 40)} says what is wrong with it`,
    bounded,
    async () => {
      assert.match(await complaintOf(args, environment), told);
    },
  );

for (const args of [
  ['scripts/cli/generate.ts', '--prompt', 'a red circle', '--out', '/nonexistent/a.jpg'],
  ['scripts/lab/lab.ts', '--out', '/proc/report'],
  ['scripts/bench/bench.ts', '--out', '/nonexistent/bench.json'],
  ['scripts/maintainers/demo-grid.ts', '--out', '/proc/x/demo.jpg'],
  ['scripts/maintainers/random-checkpoint.ts', '--out', '/etc/passwd'],
])
  test(`${args[0]} looks at its output before it computes`, bounded, async () => {
    const complaint = await complaintOf(args, {});
    assert.match(complaint, /--out="\/(?:nonexistent|proc|etc)/);
    // Paths of the stack are no signs of work, whatever this checkout is called.
    assert.doesNotMatch(complaint.replaceAll(root, ''), /step|round|cell/);
  });

test('a pull looks at where it goes before it asks for anything', bounded, async () => {
  const url = 'http://127.0.0.1:1/model.safetensors';
  const complaint = await complaintOf(['scripts/cli/models.ts', 'pull', 'mine', url], {
    MODELS_DIR: '/proc/models',
  });
  assert.match(complaint, /MODELS_DIR="\/proc\/models\/mine": cannot be made/);
});

test('the address of a refused pull is shown without what is secret in it', bounded, async () => {
  const url = 'https://user:ss-word@h.example/model.ckpt?X-Amz-Signature=ss-word';
  const complaint = await complaintOf(['scripts/cli/models.ts', 'pull', 'mine', url], {});
  assert.match(complaint, /^https:\/\/\*\*\*@h\.example\/model\.ckpt\?\*\*\*: "model\.ckpt" is neither/);
});
