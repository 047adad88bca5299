import type { GenerationRequest } from '../../src/contract/generation.ts';
import { createEmbeddingFolder, loadEmbedding } from '../../src/installation/embedding-folder.ts';
import { JobError } from '../../src/jobs/job-error.ts';
import type { LoadedEmbedding } from '../../src/pipelines/conditioning/conditioning.ts';
import { adapterFile } from './request-adapters.ts';

/**
 * The vectors of the embeddings that a request names.
 * @throws JobError naming one that is not here, or cannot be used.
 */
export type LoadEmbeddings = (
  named: NonNullable<GenerationRequest['embeddings']>,
) => Promise<readonly LoadedEmbedding[]>;

/** For a generator without a models folder. */
export const withoutEmbeddings: LoadEmbeddings = async ([first]) => {
  if (first === undefined) return [];
  throw new JobError(`the embedding ${first.name} is not installed on this worker`, { retryable: false });
};

/** They are small: each is read anew for each request. */
export function createRequestEmbeddings(modelsDir: string): LoadEmbeddings {
  const folder = createEmbeddingFolder(modelsDir);
  return async (named) => {
    const loaded = [];
    for (const { name } of named)
      loaded.push(await loadEmbedding(name, await adapterFile(folder, name, 'embedding')));
    return loaded;
  };
}
