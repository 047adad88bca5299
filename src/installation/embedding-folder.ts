import path from 'node:path';
import { embeddingEndings, readEmbedding } from '../checkpoints/embeddings/embedding-file.ts';
import type { LoadedEmbedding } from '../pipelines/conditioning/conditioning.ts';
import { type AdapterReader, createAdapterFolder } from './adapter-folder.ts';

/** The embeddings (textual inversions) of a models folder, read anew each time. */
export function createEmbeddingFolder(modelsDir: string): AdapterReader {
  return createAdapterFolder(path.join(modelsDir, 'embeddings'), embeddingEndings, async (file) => {
    const { tokens, vectors } = await readEmbedding(file);
    const numbers = vectors.clip_l.length + vectors.clip_g.length;
    return { kind: 'textual inversion', trigger_words: [], tokens, width: numbers / tokens };
  });
}

/** An embedding of that name. @throws CheckpointError as readEmbedding. */
export async function loadEmbedding(name: string, file: string): Promise<LoadedEmbedding> {
  return { name, ...(await readEmbedding(file)) };
}
