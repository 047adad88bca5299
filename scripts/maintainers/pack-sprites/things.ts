import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { pluralOf } from './plural.ts';

/** A thing that scenes show and captions name. */
export interface Thing {
  /** The usual one first. */
  readonly names: readonly string[];
  /** Of each name. */
  readonly plurals: readonly string[];
  /** `set:name` of a drawing. */
  readonly icon: string;
  /** Whether its leading colour may be another, as a car's and not a zebra's. */
  readonly tinted: boolean;
}

interface ListedThing {
  readonly names: readonly string[];
  /** Where spelling does not tell; of the first names. */
  readonly plural?: string;
  readonly icon: string;
  readonly tinted?: boolean;
}

/**
 * Every thing of the lists in a folder, by file name and then in the lists' own order.
 * @throws Error where two things have a name in common, or one is not made of lower-case words.
 */
export async function readThings(folder: string): Promise<Thing[]> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).toSorted();
  const lists = await Promise.all(files.map((file) => readFile(path.join(folder, file), 'utf8')));
  const things = lists
    .flatMap((list) => JSON.parse(list) as ListedThing[])
    .map(({ names, plural, icon, tinted = false }) => ({
      names,
      plurals: names.map((name, index) => (index === 0 ? plural : undefined) ?? pluralOf(name)),
      icon,
      tinted,
    }));
  const seen = new Set<string>();
  for (const name of things.flatMap(({ names }) => names)) {
    if (!/^[a-z]+( [a-z]+)*$/.test(name)) throw new Error(`${folder}: "${name}" is not lower-case words`);
    if (seen.has(name)) throw new Error(`${folder}: "${name}" is the name of two things`);
    seen.add(name);
  }
  return things;
}
