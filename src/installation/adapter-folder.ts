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

/** A folder of LoRAs or embeddings; only files that are new or changed are opened. */
export interface AdapterReader {
  /** All files, as they are now. */
  files(): Promise<AdapterFiles>;
  /** The file of that name alone, or why it cannot be used; undefined where there is none. */
  find(name: string): Promise<Omit<AdapterFile, 'adapter'> | Omit<BrokenAdapter, 'name'> | undefined>;
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
 * Reads a folder anew each time it is asked for; a file that cannot be used touches no other.
 * Reasons name the file without its folder, of which clients need not know.
 * @param endings of the files, in lower case. A folder that does not exist is empty.
 * @param besideOf a second file that `read` looks at where it is there.
 */
export function createAdapterFolder(
  folder: string,
  endings: readonly string[],
  read: ReadAdapter,
  besideOf: (file: string) => string = (file) => file,
): AdapterReader {
  let seen = new Map<string, Seen>();
  const looked = async (entry: string): Promise<Seen> => {
    const file = path.join(folder, entry);
    const states = [...new Set([file, besideOf(file)])].map(stateOf);
    const state = (await Promise.all(states)).join(', ');
    const known = seen.get(entry);
    return known?.state === state ? known : { state, ...(await look(file, read)) };
  };
  return {
    files: async () => {
      const next = new Map<string, Seen>();
      const files = new Map<string, AdapterFile>();
      const broken: BrokenAdapter[] = [];
      for (const entry of await entriesOf(folder, endings)) {
        const file = path.join(folder, entry);
        const name = nameOf(entry);
        const found = await looked(entry);
        next.set(entry, found);
        const twin = files.has(name) || broken.some((each) => each.name === name);
        if (twin) broken.push({ name: entry, reason: `${file}: another file has the name "${name}" too` });
        else if (found.adapter) files.set(name, { file, adapter: { name, ...found.adapter } });
        else broken.push({ name, reason: found.reason! });
      }
      seen = next;
      return { files, usable: [...files.values()].map(({ adapter }) => adapter), broken };
    },
    find: async (name) => {
      const entry = (await entriesOf(folder, endings)).find((each) => nameOf(each) === name);
      if (entry === undefined) return undefined;
      const found = await looked(entry);
      seen.set(entry, found);
      return found.adapter ? { file: path.join(folder, entry) } : { reason: found.reason! };
    },
  };
}

/** Without its ending, with slashes between folders. */
function nameOf(entry: string): string {
  return entry.slice(0, -path.extname(entry).length).split(path.sep).join('/');
}

function stateOf(file: string): Promise<string> {
  return stat(file).then(
    ({ size, mtimeMs }) => `${size} ${mtimeMs}`,
    (error: Error) => `gone: ${error.message}`,
  );
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
