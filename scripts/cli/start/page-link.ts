import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createApiKey, findApiKey } from '../../../src/jobs/keys/api-keys.ts';
import { createSignInToken } from '../../../src/jobs/keys/sign-in-tokens.ts';
import type { Connection } from '../../../src/jobs/redis/connection.ts';

/**
 * The page's own key, an admin key, beside the queue that it opens: whoever can read this file can read the
 * queue too.
 */
const fileName = 'page-key';
/** How long the link that is printed can be opened. */
const linkSeconds = 3600;

/**
 * An address that opens the page signed in, once. The key behind it is the same at every start on a data
 * directory, so that the page finds its requests again.
 * @param url of the service, without a slash at its end.
 */
export async function createPageLink(redis: Connection, dataDir: string, url: string): Promise<string> {
  const token = await createSignInToken(
    redis,
    await pageKey(redis, path.join(dataDir, fileName)),
    linkSeconds,
  );
  return `${url}/#sign-in=${token}`;
}

/** The kept key, or a new one where there is none or it was revoked. */
async function pageKey(redis: Connection, file: string): Promise<string> {
  const kept = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  if (kept !== '' && (await findApiKey(redis, kept.trim())) !== undefined) return kept.trim();
  const { key } = await createApiKey(redis, 'page', { admin: true });
  await writeFile(file, `${key}\n`, { mode: 0o600 });
  return key;
}
