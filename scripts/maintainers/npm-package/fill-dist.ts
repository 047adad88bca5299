import { cpSync, globSync } from 'node:fs';
import path from 'node:path';
import { carried } from './manifest.ts';

/**
 * Files beside the sources that they read, as compiled code does: all but documents and what only tests have.
 */
export function assetsOf(root: string): string[] {
  const files = globSync(['src/**', 'workers/**', 'scripts/cli/**'], { cwd: root, withFileTypes: true });
  return files
    .filter((entry) => entry.isFile() && !/\.(ts|md)$|^tsconfig/.test(entry.name))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .filter((file) => !/(^|\/)(testing|oracles)\/|^src\/(playground|client)\//.test(file))
    .sort();
}

/** Puts into `dist` what the compiled code reads beside itself. */
export function fillDist(root: string): void {
  const copy = (from: string, to: string) =>
    cpSync(path.join(root, from), path.join(root, 'dist', to), { dereference: true });
  for (const file of assetsOf(root)) copy(file, file);
  for (const [name, files] of Object.entries(carried))
    for (const file of files) copy(path.join('node_modules', name, file), path.join('carried', name, file));
}
