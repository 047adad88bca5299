import type { AdapterFolder } from '../../../src/contract/answers/adapters.ts';
import type { AdapterFiles } from '../../../src/installation/adapter-folder.ts';
import { createEmbeddingFolder } from '../../../src/installation/embedding-folder.ts';
import { createLoraFolder } from '../../../src/installation/lora-folder.ts';
import type { Log } from '../../../src/jobs/log.ts';

export type AdapterKind = 'loras' | 'embeddings';

/** What lies in the models folder beside the models, as it is now. */
export interface WatchedAdapters {
  /** By kind; a folder that cannot be read is absent. */
  folders(): Readonly<Partial<Record<AdapterKind, AdapterFolder>>>;
  /** The file that a name of that kind stands for. */
  fileOf(kind: AdapterKind, name: string): string | undefined;
  close(): void;
}

/** How soon a new file is seen. Looking takes a stat for each file. */
const lookMs = 3000;

const nothing: WatchedAdapters = {
  folders: () => ({}),
  fileOf: () => undefined,
  close: () => undefined,
};

/** @param onChange some file has come, gone or changed. */
export async function watchAdapters(
  modelsDir: string | undefined,
  log: Log,
  onChange: () => void,
): Promise<WatchedAdapters> {
  if (modelsDir === undefined) return nothing;
  const readers = { loras: createLoraFolder(modelsDir), embeddings: createEmbeddingFolder(modelsDir) };
  const kinds = Object.keys(readers) as AdapterKind[];
  const files: Partial<Record<AdapterKind, AdapterFiles['files']>> = {};
  let folders: Partial<Record<AdapterKind, AdapterFolder>> = {};
  const look = async (): Promise<boolean> => {
    const before = JSON.stringify(folders);
    for (const kind of kinds)
      await readers[kind].files().then(
        ({ usable, broken, files: found }) => {
          files[kind] = found;
          folders = { ...folders, [kind]: { usable, broken } };
        },
        (error: unknown) => log.warn({ err: error, kind }, 'a folder beside the models cannot be read'),
      );
    return JSON.stringify(folders) !== before;
  };
  await look();
  for (const kind of kinds)
    for (const { name, reason } of folders[kind]?.broken ?? [])
      log.warn({ kind, name, reason }, 'file beside the models not served');
  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    look()
      .then((changed) => {
        if (changed) onChange();
      })
      .finally(() => {
        looking = false;
      });
  }, lookMs);
  timer.unref();
  return {
    folders: () => folders,
    fileOf: (kind, name) => files[kind]?.get(name)?.file,
    close: () => clearInterval(timer),
  };
}
