import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Says beside the data of the private Redis that there was some. */
const markName = 'redis-was-used';
const manifestName = 'appendonly.aof.manifest';

/**
 * Looks whether Redis would start empty where it had data: without the manifest of its append-only files it
 * does so without a word, and begins a new manifest.
 * @param say told where the data is gone altogether. @throws Error where the files are there and the manifest
 * is not.
 */
export function checkAppendOnlyFiles(dataDir: string, say: (line: string) => void): void {
  const data = path.join(dataDir, 'redis');
  const folder = path.join(data, 'appendonlydir');
  const files = existsSync(folder) ? readdirSync(folder) : [];
  if (files.includes(manifestName)) return;
  const parts = files.filter((name) => /\.aof$|\.rdb$/.test(name));
  if (parts.length > 0)
    throw new Error(
      `${folder} holds data (${parts.join(', ')}) but ${manifestName} is missing, and Redis would start empty: put the manifest back, or move the folder away to begin anew`,
    );
  const isOlderForm = existsSync(path.join(data, 'appendonly.aof'));
  if (existsSync(path.join(dataDir, markName)) && !isOlderForm)
    say(`the data of the queue in ${data} is gone: starting empty, API keys made before are no longer known`);
}

/** Remembers that Redis has data from now on. */
export function markUsed(dataDir: string): void {
  writeFileSync(path.join(dataDir, markName), '');
}
