import { randomUUID } from 'node:crypto';
import { folderStore } from './folder-store.ts';
import type { ResultStore } from './result-store.ts';
import type { ResultsPlace } from './results-place.ts';
import { s3Store } from './s3-store.ts';

/** What decides where results are kept; of the configuration. */
export interface ResultsSettings {
  readonly results: ResultsPlace;
  readonly awsEndpointUrl: string | undefined;
  readonly awsRegion: string;
  readonly awsAccessKeyId: string | undefined;
  readonly awsSecretAccessKey: string | undefined;
  readonly awsSessionToken: string | undefined;
}

/** Undefined where Redis keeps them. */
export function openResults(settings: ResultsSettings): ResultStore | undefined {
  const { results } = settings;
  if (results.kind === 'redis') return undefined;
  if (results.kind === 'dir') return folderStore(results.folder);
  const { awsAccessKeyId: accessKeyId = '', awsSecretAccessKey: secretAccessKey = '' } = settings;
  const { awsEndpointUrl: endpoint, awsRegion: region, awsSessionToken: sessionToken } = settings;
  return s3Store({ ...results, accessKeyId, secretAccessKey, sessionToken, endpoint, region });
}

/**
 * That a store takes, gives back and deletes: what is wrong with its address or its credentials is better
 * known before the first picture.
 * @throws Error naming RESULTS.
 */
export async function proveStore(store: ResultStore): Promise<void> {
  const path = `probe-${randomUUID()}`;
  const bytes = Buffer.from(path);
  try {
    await store.put(path, bytes, 'text/plain');
    const back = await store.get(path);
    if (back === undefined || !bytes.equals(back)) throw new Error('what was put there is not given back');
    await store.delete(path);
  } catch (cause) {
    throw new Error(`RESULTS=${store.name}: ${(cause as Error).message}`, { cause });
  }
}
