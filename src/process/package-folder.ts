import { createRequire } from 'node:module';
import path from 'node:path';
import { packageRoot } from './package-root.ts';

const isCompiled = import.meta.filename.endsWith('.js');

/**
 * Folder of a package whose files are read, not imported: as installed, or the part of it that the npm
 * package of this software carries in its `dist`, so that those who install it fetch neither the rest nor its
 * scripts.
 */
export function packageFolder(name: string): string {
  if (isCompiled) return path.join(packageRoot, 'dist/carried', name);
  return path.dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
}
