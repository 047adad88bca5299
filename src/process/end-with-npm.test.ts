import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { after, before } from '../testing/hooks.ts';
import { parentOf, startTimeOf } from './start-time.ts';

const bounded = { timeout: 60_000 };
/** A project with a program in it that ends with npm, as `npx sdxl-server start` does. */
let project: string;

before(async () => {
  project = await mkdtemp(path.join(os.tmpdir(), 'end-with-npm-'));
  const bin = path.join(project, 'node_modules/.bin');
  await mkdir(bin, { recursive: true });
  await writeFile(path.join(project, 'package.json'), '{"name": "project", "version": "1.0.0"}');
  const program = [
    `import { endWithNpm } from ${JSON.stringify(path.join(import.meta.dirname, 'end-with-npm.ts'))};`,
    'endWithNpm([]);',
    'setInterval(() => undefined, 1000);',
    'console.log("pid", process.pid);',
  ].join('\n');
  await writeFile(path.join(project, 'program.mjs'), program);
  // As bin/sdxl-server hands over to node.
  const script = `#!/bin/sh\nexec '${process.execPath}' '${project}/program.mjs'\n`;
  await writeFile(path.join(bin, 'program'), script, { mode: 0o755 });
});
after(() => rm(project, { recursive: true }));

/** Runs it; resolves once the program itself is up, with its process id. */
async function started(command: string, ...args: string[]) {
  const env = { PATH: process.env.PATH, HOME: process.env.HOME };
  const child = spawn(command, args, { cwd: project, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    output += chunk;
    const pid = /pid (\d+)\n/.exec(output)?.[1];
    if (pid !== undefined) return { child, pid: Number(pid) };
  }
  throw new Error(`it has not started: ${output}`);
}

for (const signal of ['SIGTERM', 'SIGKILL', 'SIGHUP'] as const)
  test(`what npx runs ends when npx is ended by ${signal}`, bounded, async () => {
    const { child, pid } = await started('npx', 'program');
    assert.notEqual(startTimeOf(pid), undefined);
    child.kill(signal);
    while (startTimeOf(pid) !== undefined) await setTimeout(20);
  });

test('what npx runs goes on when the shell that started npx in its background ends', bounded, async (t) => {
  const { child, pid } = await started('sh', '-c', 'npx program & read wait');
  const runner = parentOf(parentOf(pid)!)!;
  t.after(() => process.kill(pid, 'SIGKILL'));
  if (child.exitCode === null) await once(child, 'exit');
  assert.notEqual(runner, child.pid);
  // Longer than it takes to see that npx has gone.
  await setTimeout(600);
  assert.notEqual(startTimeOf(pid), undefined);
});
