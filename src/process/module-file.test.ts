import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { moduleFile } from './module-file.ts';
import { packageFolder } from './package-folder.ts';
import { packageRoot } from './package-root.ts';

test('a module beside sources is a source, beside compiled code it is compiled', () => {
  assert.equal(moduleFile('file:///app/workers/worker.ts', './engine.ts'), '/app/workers/engine.ts');
  assert.equal(
    moduleFile('file:///app/node_modules/s/dist/workers/a/b.js', '../look-for-cuda.ts'),
    '/app/node_modules/s/dist/workers/look-for-cuda.js',
  );
  assert.equal(moduleFile('file:///a%20b/x.js', './y.ts'), '/a b/y.js');
});

test('the root of the package is where package.json lies', () => {
  assert.ok(existsSync(path.join(packageRoot, 'package.json')));
  assert.equal(path.relative(packageRoot, import.meta.dirname), path.join('src', 'process'));
});

test('files of a package are read where it is installed', () => {
  assert.ok(existsSync(path.join(packageFolder('swagger-ui-dist'), 'swagger-ui.css')));
  assert.throws(() => packageFolder('no-such-package'), /no-such-package/);
});
