import { execFileSync } from 'node:child_process';
import { globSync, statSync } from 'node:fs';
import path from 'node:path';
import { assetsOf } from './fill-dist.ts';
import { carried } from './manifest.ts';

/** Sources that `dist` is compiled from, from the root. */
export function compiledSources(root: string): string[] {
  const tsc = path.join(root, 'node_modules/.bin/tsc');
  const project = path.join(import.meta.dirname, 'tsconfig.json');
  return execFileSync(tsc, ['-p', project, '--listFilesOnly'], { encoding: 'utf8' })
    .split('\n')
    .filter((file) => file !== '')
    .map((file) => path.relative(root, file))
    .filter((file) => !file.includes('node_modules'));
}

/**
 * Every file of the npm package, from its root: what the `files` of package.json name and what `dist` will
 * hold. npm's own list is held to it where the package is proven.
 */
export function packedFiles(
  root: string,
  named: readonly string[],
  compiled = compiledSources(root),
): string[] {
  const excluded = named.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
  const patterns = named.filter((pattern) => !pattern.startsWith('!') && pattern !== 'dist');
  const below = patterns.map((place) =>
    statSync(path.join(root, place)).isDirectory() ? `${place}/**` : place,
  );
  const found = globSync([...below, 'README.md', 'LICENSE', 'package.json'], {
    cwd: root,
    exclude: excluded,
  });
  const ofClient = globSync('src/client/*.ts', { cwd: root, exclude: excluded }).flatMap((file) => {
    const stem = `dist/client/${path.basename(file, '.ts')}`;
    return [`${stem}.js`, `${stem}.d.ts`];
  });
  return [
    ...found.filter((file) => statSync(path.join(root, file)).isFile()),
    ...ofClient,
    ...compiled.map((file) => `dist/${file.replace(/\.ts$/, '.js')}`),
    ...assetsOf(root).map((file) => `dist/${file}`),
    ...Object.entries(carried).flatMap(([name, files]) =>
      files.map((file) => `dist/carried/${name}/${file}`),
    ),
  ].sort();
}
