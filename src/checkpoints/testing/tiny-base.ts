import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Checkpoint } from '../checkpoint.ts';
import { openCheckpoint } from '../open-checkpoint.ts';
import { writeTinyCheckpoints } from '../synthetic/tiny-checkpoint.ts';

/** The tiny base checkpoint in float32, opened in a temporary folder. */
export async function openTinyBase(): Promise<{
  readonly folder: string;
  /** For merged weights; not there yet. */
  readonly side: string;
  readonly opened: Checkpoint;
  /** Removes the folder. */
  close(): Promise<void>;
}> {
  const folder = await mkdtemp(path.join(tmpdir(), 'loras-'));
  const opened = await openCheckpoint((await writeTinyCheckpoints(folder, { dtype: 'F32' })).base);
  const close = (): Promise<void> => rm(folder, { recursive: true });
  return { folder, side: path.join(folder, 'side'), opened, close };
}
