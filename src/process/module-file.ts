import { fileURLToPath } from 'node:url';

/**
 * The file of a module that runs as a process of its own. Node runs sources as they are, but none below
 * node_modules: in the npm package every module is compiled, and its neighbours with it.
 * @param from import.meta.url of the caller. @param specifier as in an import, with `.ts`.
 */
export function moduleFile(from: string, specifier: string): string {
  const file = fileURLToPath(new URL(specifier, from));
  return from.endsWith('.js') ? file.replace(/\.ts$/, '.js') : file;
}
