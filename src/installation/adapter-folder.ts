import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Adapter, AdapterFolder, BrokenAdapter } from '../contract/answers/adapters.ts';

/** A file of a folder of LoRAs or embeddings. */
export interface AdapterFile {
  readonly file: string;
  readonly adapter: Adapter;
}

export interface AdapterFiles extends AdapterFolder {
  /** By name. */
  readonly files: ReadonlyMap<string, AdapterFile>;
}

/** Reads what one file says of itself, without its name. @throws Error with the reason it cannot be used. */
export type ReadAdapter = (file: string) => Promise<Omit<Adapter, 'name'>>;

/** More files are not listed; a folder of that many is no folder of LoRAs. */
const mostFiles = 4000;

interface Seen {
  readonly state: string;
  readonly adapter?: Omit<Adapter, 'name'>;
  readonly reason?: string;
}

/**
 * A folder of LoRAs or embeddings that is read anew each time it is asked for: only files that are new or
 * changed are opened, and one that cannot be used touches no other.
 * Reasons name the file without its folder, of which clients need not know.
 * @param endings of the files, in lower case. A folder that does not exist is empty.
 */
export function createAdapterFolder(
  folder: string,
  endings: readonly string[],
  read: ReadAdapter,
): () => Promise<AdapterFiles> {
  let seen = new Map<string, Seen>();
  return async () => {
    const next = new Map<string, Seen>();
    const files = new Map<string, AdapterFile>();
    const broken: BrokenAdapter[] = [];
    for (const entry of await entriesOf(folder, endings)) {
      const file = path.join(folder, entry);
      const name = entry.slice(0, -path.extname(entry).length).split(path.sep).join('/');
      const state = await stat(file).then(stateOf, (error: Error) => `gone: ${error.message}`);
      const known = seen.get(entry);
      const found = known?.state === state ? known : { state, ...(await look(file, read)) };
      next.set(entry, found);
      const twin = files.has(name) || broken.some((each) => each.name === name);
      if (twin) broken.push({ name: entry, reason: `${file}: another file has the name "${name}" too` });
      else if (found.adapter) files.set(name, { file, adapter: { name, ...found.adapter } });
      else broken.push({ name, reason: found.reason! });
    }
    seen = next;
    return { files, usable: [...files.values()].map(({ adapter }) => adapter), broken };
  };
}

function stateOf({ size, mtimeMs }: Stats): string {
  return `${size} ${mtimeMs}`;
}

async function look(file: string, read: ReadAdapter): Promise<Omit<Seen, 'state'>> {
  try {
    return { adapter: await read(file) };
  } catch (error) {
    return { reason: (error as Error).message.replaceAll(`${path.dirname(file)}${path.sep}`, '') };
  }
}

async function entriesOf(folder: string, endings: readonly string[]): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
    throw error;
  });
  return entries
    .filter(
      (entry) => !path.basename(entry).startsWith('.') && endings.includes(path.extname(entry).toLowerCase()),
    )
    .sort()
    .slice(0, mostFiles);
}
