import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * The folder with package.json and what ships beside the code (the demo checkpoint, the page's sources).
 * Sources lie in it, and so does `dist`, what they are compiled to in the npm package.
 */
export const packageRoot = ancestorWith('package.json', import.meta.dirname);

function ancestorWith(name: string, folder: string): string {
  if (existsSync(path.join(folder, name))) return folder;
  const parent = path.dirname(folder);
  if (parent === folder) throw new Error(`no folder above ${import.meta.dirname} has a ${name}`);
  return ancestorWith(name, parent);
}
