import { type ResultStore, StoreError } from '../result-store.ts';

/** A store in this process, for the tests of those that use one. */
export interface MemoryStore extends ResultStore {
  readonly kept: Map<string, Buffer>;
  /** So many more puts fail. */
  failures: number;
  get: ResultStore['get'];
}

export function memoryStore(name = 'memory'): MemoryStore {
  const kept = new Map<string, Buffer>();
  const store: MemoryStore = {
    ...{ name, kept, failures: 0 },
    put: async (path, bytes) => {
      if (store.failures > 0) {
        store.failures -= 1;
        throw new StoreError('it takes nothing');
      }
      kept.set(path, Buffer.from(bytes));
    },
    get: async (path) => kept.get(path),
    delete: async (path) => void kept.delete(path),
    link: async (path, seconds) => `https://store.example/${path}?for=${Math.round(seconds)}`,
    async *list() {
      for (const path of kept.keys()) yield { path, ageMs: 10 };
    },
  };
  return store;
}
