import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';

const program = `
  const { execWith } = await import(process.env.EXEC_WITH);
  execWith({ flags: ['--max-semi-space-size=4', '--no-warnings'], environment: { MALLOC_ARENA_MAX: '2' } });
  console.log(JSON.stringify({
    pid: process.pid, flags: process.execArgv, arguments: process.argv.slice(1), arenas: process.env.MALLOC_ARENA_MAX,
  }));
  process.stdin.pipe(process.stdout);
`;

async function run(flags: readonly string[], environment: NodeJS.ProcessEnv) {
  const file = path.join(import.meta.dirname, 'exec-with.ts');
  const child = spawn(process.execPath, [...flags, '--input-type=module', '--eval', program, 'one', 'two'], {
    env: { ...process.env, MALLOC_ARENA_MAX: undefined, ...environment, EXEC_WITH: file },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end('read to the end');
  const text = Buffer.concat(await child.stdout.toArray()).toString();
  if (child.exitCode === null) await once(child, 'exit');
  const [line, rest] = text.split('\n');
  const { pid, flags: all, ...seen } = JSON.parse(line!) as { pid: number; flags: string[] };
  assert.equal(pid, child.pid);
  return { rest, ...seen, flags: all.filter((flag) => /^--(max|no)/.test(flag)) };
}

test('a process goes on as itself with the flags and variables that it lacked', async () => {
  assert.deepEqual(await run([], {}), {
    rest: 'read to the end',
    flags: ['--max-semi-space-size=4', '--no-warnings'],
    arguments: ['one', 'two'],
    arenas: '2',
  });
});

test('flags and variables that were given stay as they were given', async () => {
  assert.deepEqual(await run(['--max_semi_space_size=16'], { MALLOC_ARENA_MAX: '7' }), {
    rest: 'read to the end',
    flags: ['--max_semi_space_size=16', '--no-warnings'],
    arguments: ['one', 'two'],
    arenas: '7',
  });
});
