import type { PromptEncoding } from '../../networks/networks.ts';

/**
 * Remembers what text encoders made of a chunk; negatives, styles and empty chunks repeat from request to
 * request.
 */
export interface EmbeddingCache {
  get(key: string): PromptEncoding | undefined;
  set(key: string, encoding: PromptEncoding): void;
  readonly bytes: number;
}

/** Least recently used entries leave first once the stored arrays exceed `maxBytes`. */
export function createEmbeddingCache(maxBytes: number): EmbeddingCache {
  const entries = new Map<string, PromptEncoding>();
  let bytes = 0;
  const sizeOf = (encoding: PromptEncoding) =>
    encoding.hiddenStates.byteLength + (encoding.pooled?.byteLength ?? 0);
  const remove = (key: string) => {
    const old = entries.get(key);
    if (old === undefined) return;
    entries.delete(key);
    bytes -= sizeOf(old);
  };
  return {
    get bytes() {
      return bytes;
    },
    get(key) {
      const found = entries.get(key);
      if (found !== undefined) {
        entries.delete(key);
        entries.set(key, found);
      }
      return found;
    },
    set(key, encoding) {
      remove(key);
      if (sizeOf(encoding) > maxBytes) return;
      entries.set(key, encoding);
      bytes += sizeOf(encoding);
      for (const oldest of entries.keys()) {
        if (bytes <= maxBytes) break;
        remove(oldest);
      }
    },
  };
}
