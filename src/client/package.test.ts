import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';

const root = path.resolve(import.meta.dirname, '../..');

test('the package exports the client as plain JavaScript with its types, which stand on nothing else', async () => {
  const { exports, scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, { types: string; default: string }>;
    scripts: Record<string, string>;
  };
  assert.equal(scripts.prepack, 'node scripts/maintainers/npm-package.ts prepack');
  const folder = mkdtempSync(path.join(tmpdir(), 'client-'));
  try {
    const tsc = path.join(root, 'node_modules/.bin/tsc');
    execFileSync(tsc, ['-p', 'src/client', '--outDir', path.join(folder, 'dist/client')], { cwd: root });
    writeFileSync(path.join(folder, 'package.json'), '{"type": "module"}');
    const { types, default: code } = exports['./client']!;
    assert.ok(existsSync(path.join(folder, types)));
    const { createClient } = (await import(pathToFileURL(path.join(folder, code)).href)) as {
      createClient: (options: object) => { call(path: string): Promise<Response> };
    };
    const answering = createClient({ baseUrl: 'http://a', fetch: async (url: string) => new Response(url) });
    assert.equal(await (await answering.call('healthz')).text(), 'http://a/healthz');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
