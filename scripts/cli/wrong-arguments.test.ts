import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { test } from 'node:test';

const scripts = path.dirname(import.meta.dirname);

/** Exit code and standard error of a command with an argument that none takes. */
function refusal(entry: string, ...args: string[]): Promise<{ code: unknown; stderr: string }> {
  return new Promise((resolve) => {
    const command = [path.join(scripts, entry), ...args];
    execFile(process.execPath, command, { timeout: 60_000 }, (error, _, stderr) =>
      resolve({ code: error?.code, stderr }),
    );
  });
}

test('an argument that a command does not take is told in words, not as a stack', async () => {
  const entries = [
    ...['generate', 'keys', 'models', 'prompt', 'schedulers', 'start', 'cuda-install'].map(
      (name) => `cli/${name}.ts`,
    ),
    ...['lab/lab.ts', 'bench/bench.ts', 'faults/faults.ts', 'faults/soak.ts'],
  ];
  const answers = await Promise.all(entries.map((entry) => refusal(entry, '--sead', '7')));
  for (const [at, { code, stderr }] of answers.entries()) {
    assert.equal(code, 1, `${entries[at]}: ${stderr}`);
    assert.match(stderr, /--sead/, entries[at]);
    assert.doesNotMatch(stderr, /ERR_|^\s+at /m, entries[at]);
  }
  const { code, stderr } = await refusal('cli/schedulers.ts', '--steps', '0');
  assert.deepEqual([code, stderr], [1, 'schedulers: --steps is 0, expected a whole number from 1 to 999\n']);
});
