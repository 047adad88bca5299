import type { EntryPictures, HistoryEntry } from './history-entry.ts';

/** This browser's requests and their pictures, in IndexedDB; in memory where that is not to be had. */
export interface Database {
  /** All entries, the newest first. */
  entries(): Promise<HistoryEntry[]>;
  putEntry(entry: HistoryEntry): Promise<void>;
  pictures(id: string): Promise<EntryPictures>;
  putPictures(id: string, pictures: EntryPictures): Promise<void>;
  delete(ids: readonly string[]): Promise<void>;
}

const name = 'sdxl-server';
const version = 1;

export async function openDatabase(): Promise<Database> {
  try {
    return stored(await open());
  } catch {
    return inMemory();
  }
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(name, version);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('entries', { keyPath: 'id' });
    request.result.createObjectStore('pictures');
  };
  return settled(request);
}

function stored(database: IDBDatabase): Database {
  const read = (store: string) => database.transaction(store).objectStore(store);
  const write = (store: string) => database.transaction(store, 'readwrite').objectStore(store);
  return {
    entries: async () => {
      const entries = (await settled(read('entries').getAll())) as HistoryEntry[];
      return entries.sort((a, b) => b.createdAt - a.createdAt);
    },
    putEntry: async (entry) => void (await settled(write('entries').put(entry))),
    pictures: async (id) => ((await settled(read('pictures').get(id))) as EntryPictures | undefined) ?? {},
    putPictures: async (id, pictures) => void (await settled(write('pictures').put(pictures, id))),
    delete: async (ids) => {
      const transaction = database.transaction(['entries', 'pictures'], 'readwrite');
      for (const id of ids)
        for (const store of ['entries', 'pictures']) transaction.objectStore(store).delete(id);
      await new Promise<void>((resolve, reject) => {
        transaction.oncomplete = () => resolve();
        transaction.onabort = () => reject(transaction.error);
      });
    },
  };
}

function settled<Value>(request: IDBRequest<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function inMemory(): Database {
  const entries = new Map<string, HistoryEntry>();
  const pictures = new Map<string, EntryPictures>();
  return {
    entries: async () => [...entries.values()].sort((a, b) => b.createdAt - a.createdAt),
    putEntry: async (entry) => void entries.set(entry.id, entry),
    pictures: async (id) => pictures.get(id) ?? {},
    putPictures: async (id, value) => void pictures.set(id, value),
    delete: async (ids) => {
      for (const id of ids) {
        entries.delete(id);
        pictures.delete(id);
      }
    },
  };
}
