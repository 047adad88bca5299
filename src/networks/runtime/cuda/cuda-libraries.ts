import path from 'node:path';
import { ownCommand } from '../../../process/own-command.ts';
import { openForGood } from '../shared-objects.ts';
import { readCudaRecord } from './cuda-folder.ts';

const opened = new Set<string>();

/**
 * Opens what the CUDA provider of a folder needs, by its place, so that the loader looks for none of it: no
 * LD_LIBRARY_PATH, nothing installed elsewhere. Without a record the loader finds them or does not.
 * @throws Error naming the library that cannot be opened.
 */
export function openCudaLibraries(folder: string): void {
  if (opened.has(folder)) return;
  for (const name of readCudaRecord(folder)?.order ?? [])
    try {
      openForGood(path.join(folder, name), { global: true });
    } catch (cause) {
      const message = `Failed to load library ${(cause as Error).message}; ${ownCommand('cuda:install')} brings it again`;
      throw new Error(message, { cause });
    }
  opened.add(folder);
}
