import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from './package-root.ts';
import { softwareName } from './software.ts';

/**
 * The program of an installed npm package, as its user can call it: `npx` where a project depends on it, with
 * the archive where npx was given one (no registry may know the name), and by its name where npm put it on
 * the PATH.
 * @param folder of the package. @returns undefined in a checkout, which no `node_modules` holds.
 */
export function installedProgram(folder: string): string | undefined {
  const [holder, below] = folder.split('/node_modules/', 2);
  if (holder === undefined || below === undefined) return undefined;
  const file = path.join(holder, 'package.json');
  if (!existsSync(file)) return softwareName;
  const { dependencies } = JSON.parse(readFileSync(file, 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  const archive = /^file:(.+)/.exec(dependencies?.[softwareName] ?? '')?.[1];
  // npx keeps what it fetches in folders of npm's cache, which resolve its paths.
  const ofNpx = path.basename(path.dirname(holder)) === '_npx';
  return `npx ${archive !== undefined && ofNpx ? path.resolve(holder, archive) : softwareName}`;
}

/**
 * How a command of ours is called where this runs, for messages: `npm run models -- list` in a checkout,
 * `npx sdxl-server models list` with the npm package.
 * @param command a script of package.json, with its arguments behind it.
 */
export function ownCommand(command: string, program = installedProgram(packageRoot)): string {
  if (program !== undefined) return `${program} ${command}`;
  const [script, ...args] = command.split(' ');
  const call = script === 'start' ? 'npm start' : `npm run ${script}`;
  return args.length === 0 ? call : `${call} -- ${args.join(' ')}`;
}
