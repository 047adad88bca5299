import { readFileSync } from 'node:fs';
import path from 'node:path';

/** One import of a source file. */
export interface Import {
  /** A file of this project from its root, a package's name, or `node:...`. */
  readonly target: string;
  readonly kind: 'file' | 'package' | 'node';
  /** Whether it stays at run time: not `import type`. */
  readonly isValue: boolean;
}

const statement =
  /(?:^|\n)\s*(?:import|export)\s+(type\s)?[^;'"]*?from\s+'([^']+)'|\bimport\('([^']+)'\)|(?:^|\n)\s*import\s+'([^']+)'/g;

export const root = path.resolve(import.meta.dirname, '../..');

/** What a TypeScript file, given from the project's root, imports; its text may be given instead of read. */
export function importsOf(file: string, text = readFileSync(path.join(root, file), 'utf8')): Import[] {
  return [...text.matchAll(statement)].map(([, type, from, dynamic, bare]) => {
    const specifier = (from ?? dynamic ?? bare)!;
    const isValue = type === undefined;
    if (specifier.startsWith('node:')) return { target: specifier, kind: 'node', isValue };
    if (specifier.startsWith('.'))
      return { target: path.normalize(path.join(path.dirname(file), specifier)), kind: 'file', isValue };
    const parts = specifier.startsWith('@') ? 2 : 1;
    return { target: specifier.split('/').slice(0, parts).join('/'), kind: 'package', isValue };
  });
}

/**
 * What a process loads, found by following value imports from its entry: files from the project's root and
 * names of packages, to each the files that lead to it.
 * @param read gives a file's imports.
 */
export function reachedFrom(
  entry: string,
  read: (file: string) => readonly Import[] = importsOf,
): { readonly files: ReadonlyMap<string, string[]>; readonly packages: ReadonlyMap<string, string[]> } {
  const ways = new Map<string, string[]>([[entry, [entry]]]);
  const packages = new Map<string, string[]>();
  // A Map is walked in the order of insertion, also over what is inserted on the way.
  for (const [file, way] of ways)
    for (const { target, kind } of read(file).filter(({ isValue }) => isValue)) {
      if (kind === 'package' && !packages.has(target)) packages.set(target, way);
      if (kind === 'file' && target.endsWith('.ts') && !ways.has(target)) ways.set(target, [...way, target]);
    }
  return { files: ways, packages };
}
