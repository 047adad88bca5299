import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';

const root = path.resolve(import.meta.dirname, '../..');

test('no test file takes the before hook of node:test, which after may overtake', () => {
  const files = globSync('{src,workers,scripts}/**/*.test.ts', { cwd: root });
  assert.ok(files.length > 300, `${files.length} files`);
  const taken = files.filter((file) =>
    /import \{[^}]*\bbefore\b[^}]*\} from 'node:test'/.test(readFileSync(path.join(root, file), 'utf8')),
  );
  assert.deepEqual(taken, []);
});

test('a file whose tests are all left out by name ends, and has ended what it opened', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'hooks-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'file.test.ts');
  writeFileSync(
    file,
    `import net from 'node:net';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
const { after, before } = await import('${path.join(import.meta.dirname, 'hooks.ts')}');
let server: net.Server;
before(async () => {
  await setTimeout(50);
  server = net.createServer().listen(0);
});
after(() => void server.close(() => console.log('closed')));
test('one', () => undefined);
`,
  );
  // A file that is run by another is not a runner.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  const run = spawnSync(process.execPath, ['--test-name-pattern', 'another', file], {
    ...{ env, encoding: 'utf8', timeout: 60_000 },
  });
  assert.equal(run.status, 0, run.stdout + run.stderr);
  assert.match(run.stdout, /closed/);
});
