import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { importsOf, root } from '../../../src/testing/imports.ts';
import { assetsOf } from './fill-dist.ts';
import { carried, type Manifest, packedManifest } from './manifest.ts';
import { compiledSources, packedFiles } from './packed-files.ts';

interface CheckoutManifest extends Manifest {
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly bin: string;
  readonly files: readonly string[];
  readonly exports: Readonly<Record<'./client', Readonly<Record<string, string>>>>;
}

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const manifest = JSON.parse(read('package.json')) as CheckoutManifest;

const compiled = compiledSources(root);

test('what is compiled is what runs: no tests, nothing for maintainers', () => {
  for (const entry of ['workers/engine.ts', 'src/gateway/server.ts', 'scripts/cli/start/launch.ts'])
    assert.ok(compiled.includes(entry), entry);
  for (const file of compiled) {
    assert.match(file, /^(src|workers|scripts\/cli)\//);
    assert.doesNotMatch(file, /\.test\.ts$|\/testing\//);
  }
});

test('every module that is named by its file is compiled too', () => {
  const named = compiled.flatMap((file) =>
    [...read(file).matchAll(/moduleFile\(import\.meta\.url, '(.+?)'\)/g)].map(([, specifier]) =>
      path.join(path.dirname(file), specifier!),
    ),
  );
  assert.ok(named.length >= 5);
  for (const file of named) assert.ok(compiled.includes(file), file);
});

test('every package that compiled code imports is a dependency', () => {
  const { dependencies } = packedManifest(manifest);
  const imported = new Set(
    compiled.flatMap((file) =>
      importsOf(file).flatMap(({ kind, isValue, target }) => (kind === 'package' && isValue ? target : [])),
    ),
  );
  assert.ok(imported.size > 10);
  for (const name of imported) assert.ok(name in dependencies, name);
  for (const name of Object.keys(manifest.devDependencies)) assert.ok(!(name in dependencies), name);
  for (const name of Object.keys(carried)) assert.ok(!(name in dependencies), name);
});

test('beside compiled code lies what it reads, and nothing else', () => {
  assert.deepEqual(assetsOf(root), [
    'src/gateway/docs/start.js',
    'src/text/clip-vocabulary/LICENSE',
    'src/text/clip-vocabulary/merges.txt.gz',
  ]);
  for (const [name, files] of Object.entries(carried))
    for (const file of files) assert.ok(existsSync(path.join(root, 'node_modules', name, file)), file);
});

test('the package holds the page, the demo checkpoint and compiled code; no tests, no secrets', () => {
  const files = packedFiles(root, manifest.files, compiled);
  const kinds = [
    /^(LICENSE|README\.md|package\.json|bin\/sdxl-server|docs\/lab\/report\.html)$/,
    /^src\/(client|playground)\/[\w/-]+\.(ts|css|svg|webp|md)$/,
    /^models\/demo\/demo-(base|refiner)\/([\w/-]+\.(json|safetensors)|ATTRIBUTION\.txt)$/,
    /^scripts\/maintainers\/train-demo\/README\.md$/,
    /^dist\/(src|workers|scripts\/cli)\/[\w/-]+\.js$/,
    /^dist\/(client|carried)\/|^dist\/src\/text\/clip-vocabulary\//,
  ];
  for (const file of files) {
    assert.ok(
      kinds.some((kind) => kind.test(file)),
      file,
    );
    assert.doesNotMatch(
      file,
      /\.test\.|testing\/|oracles\/|tsconfig|\.env|\.pem$|\.key$|maintainers\/(?!train-demo)/,
    );
  }
  for (const file of [manifest.bin, ...Object.values(manifest.exports['./client'])])
    assert.ok(files.includes(path.normalize(file)), file);
});
