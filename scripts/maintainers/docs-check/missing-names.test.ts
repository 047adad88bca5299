import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../../../src/testing/imports.ts';
import { missingNames, type Tree } from './missing-names.ts';

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const own = '{src,workers,scripts,docs,deploy,bin,models}/**';
const places = new Set(globSync([own, '*', '.*'], { cwd: root }));
const withCode = '{src,workers,scripts,deploy,bin}/**/*.{ts,py,js,json,yaml,yml,sh,service,env,tpl}';
const sources = globSync([withCode, '*.{json,yml}', 'Dockerfile'], { cwd: root })
  .map((file) => (file.includes('/oracles/') ? '' : read(file)))
  .join('\n');
const scripts = new Set(Object.keys(JSON.parse(read('package.json')).scripts as object));
const tree: Tree = { root, places, sources, scripts };

for (const page of globSync(['*.md', '{docs,src,workers,scripts}/**/*.md'], { cwd: root }).sort())
  test(`${page} names only files, settings, symbols, scripts and sections that are there`, () => {
    // A list of changes tells of what is no longer.
    if (page !== 'CHANGELOG.md') assert.deepEqual(missingNames(tree, page, read), []);
  });

test('what is not there is found, whatever kind of name it has', () => {
  const page = [
    'See `src/gone.ts`, `records/records.ts`, `src/nowhere/`, `NO_SUCH_SETTING`, `REDIS_URL`, `noSuchSymbol`,',
    '`npm run gone`, `npm run models`, [a page](docs/gone.md), [a part](docs/api.md#gone) and `x.test.ts`.',
  ].join('\n');
  const textOf = (file: string): string => (file === 'page.md' ? page : '# API\n');
  // Names that are put together here are not found in this file's own text.
  const small: Tree = { ...tree, sources: 'REDIS_URL' };
  assert.deepEqual(missingNames(small, 'page.md', textOf), [
    ...['src/gone.ts', 'src/nowhere/', 'NO_SUCH_SETTING', 'noSuchSymbol', 'gone'],
    ...['docs/gone.md', 'docs/api.md#gone'],
  ]);
});
