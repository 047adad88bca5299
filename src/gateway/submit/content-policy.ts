import { readFile } from 'node:fs/promises';
import { DenyListError, parseDenyList } from './deny-list/deny-list.ts';

/** Why no picture may be made of a prompt, for the client; undefined where nothing is against it. */
export type ContentPolicy = (prompt: string) => string | undefined;

/** The term is not named: a list is not to be read out of the answers. */
export const deniedPrompt = "The prompt is against this server's content policy";

/**
 * The negative prompt is not held against the list: it names what shall not be seen.
 * @returns undefined without a list.
 * @throws Error naming file and line.
 */
export async function readContentPolicy(file: string | undefined): Promise<ContentPolicy | undefined> {
  if (file === undefined) return undefined;
  try {
    const denies = parseDenyList(await readFile(file, 'utf8'));
    return (prompt) => (denies(prompt) ? deniedPrompt : undefined);
  } catch (cause) {
    if (cause instanceof DenyListError) throw new Error(`${file}: ${cause.message}`, { cause });
    throw new Error(`CONTENT_DENY_LIST: ${file} cannot be read: ${(cause as Error).message}`, { cause });
  }
}
