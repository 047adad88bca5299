import { createHash } from 'node:crypto';
import { appendFile, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { PictureOutcome } from './picture-jobs.ts';

/** What is kept of a finished picture, one line of JSON each. */
export type FinishedRow = Pick<PictureOutcome, 'id' | 'verdict' | 'seconds'>;

/** The rows of an earlier run, by id; a last line that was cut off is left out. */
export async function readRows(file: string | undefined): Promise<Map<string, FinishedRow>> {
  if (file === undefined) return new Map();
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
  const rows = lines.filter((line) => line !== '').map((line) => JSON.parse(line) as FinishedRow);
  return new Map(rows.map((row) => [row.id, row]));
}

export async function appendRow(
  file: string | undefined,
  { id, verdict, seconds }: PictureOutcome,
): Promise<void> {
  if (file !== undefined) await appendFile(file, `${JSON.stringify({ id, verdict, seconds })}\n`);
}

/**
 * A few digits that change with any byte below a folder, so that rows of another checkpoint are not taken for
 * this one's.
 */
export async function digestOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => path.join(parentPath, name));
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(path.relative(folder, file)).update(await readFile(file));
  return hash.digest('hex').slice(0, 12);
}
