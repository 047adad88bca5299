/**
 * What ONNX Runtime's arena takes of a device for given allocations: a model of its best-fit allocator with
 * coalescing (microsoft/onnxruntime, core/framework/bfc_arena.cc). Memory is only given back to the device by
 * shrinking, and only regions that are free as a whole.
 */
export interface ArenaModel {
  /** @returns what to free it by. */
  allocate(bytes: number): Chunk;
  free(chunk: Chunk): void;
  shrink(): void;
  /** Bytes in use now, and at most so far. */
  readonly inUse: number;
  readonly maxInUse: number;
  /** Bytes taken of the device now, and at most so far. */
  readonly total: number;
  readonly maxTotal: number;
}

/** Part of a region, between two others. */
export interface Chunk {
  bytes: number;
  isFree: boolean;
  before: Chunk | undefined;
  behind: Chunk | undefined;
  /** Order in which regions were taken, for want of addresses. */
  readonly region: number;
}

/** DEFAULT_INITIAL_CHUNK_SIZE_BYTES. */
const firstRegion = 2 ** 20;
/** kMinAllocationSize. */
const unit = 256;
/** DEFAULT_MAX_DEAD_BYTES_PER_CHUNK: a chunk with more to spare is split; so is one of twice the size. */
const mostDead = 128 * 2 ** 20;

/**
 * arena_extend_strategy: by what is asked for, as CUDA's arena is set up here, or by regions that double, as
 * the CPU's are.
 */
export type ExtendStrategy = 'same as requested' | 'next power of two';

/** An arena that has taken nothing yet. */
export function arenaModel(strategy: ExtendStrategy = 'same as requested'): ArenaModel {
  const chunks = new Set<Chunk>();
  let [inUse, maxInUse, total, maxTotal, regions] = [0, 0, 0, 0, 0];
  let nextRegion = firstRegion;

  const find = (bytes: number): Chunk | undefined => {
    let best: Chunk | undefined;
    for (const chunk of chunks)
      if (chunk.isFree && chunk.bytes >= bytes && (best === undefined || chunk.bytes < best.bytes))
        best = chunk;
    return best;
  };
  const extend = (wanted: number): Chunk => {
    let bytes = wanted;
    if (strategy === 'next power of two') {
      const isEnough = wanted <= nextRegion;
      while (wanted > nextRegion) nextRegion *= 2;
      bytes = nextRegion;
      if (isEnough) nextRegion *= 2;
    }
    const chunk = { bytes, isFree: true, before: undefined, behind: undefined, region: regions++ };
    chunks.add(chunk);
    total += bytes;
    maxTotal = Math.max(maxTotal, total);
    return chunk;
  };
  const split = (chunk: Chunk, bytes: number): void => {
    const { behind, region } = chunk;
    const rest: Chunk = { bytes: chunk.bytes - bytes, isFree: true, before: chunk, behind, region };
    if (behind !== undefined) behind.before = rest;
    chunk.behind = rest;
    chunk.bytes = bytes;
    chunks.add(rest);
  };
  /** Takes the chunk behind it into a free one. */
  const merge = (chunk: Chunk): void => {
    const { behind } = chunk;
    if (behind === undefined || !behind.isFree) return;
    chunk.bytes += behind.bytes;
    chunk.behind = behind.behind;
    if (behind.behind !== undefined) behind.behind.before = chunk;
    chunks.delete(behind);
  };

  return {
    allocate: (wanted) => {
      const bytes = Math.max(1, Math.ceil(wanted / unit)) * unit;
      const chunk = find(bytes) ?? extend(bytes);
      if (chunk.bytes >= 2 * bytes || chunk.bytes - bytes >= mostDead) split(chunk, bytes);
      chunk.isFree = false;
      inUse += chunk.bytes;
      maxInUse = Math.max(maxInUse, inUse);
      return chunk;
    },
    free: (chunk) => {
      inUse -= chunk.bytes;
      chunk.isFree = true;
      merge(chunk);
      if (chunk.before?.isFree === true) merge(chunk.before);
    },
    shrink: () => {
      for (const chunk of chunks)
        if (chunk.isFree && chunk.before === undefined && chunk.behind === undefined) {
          chunks.delete(chunk);
          total -= chunk.bytes;
        }
    },
    get inUse() {
      return inUse;
    },
    get maxInUse() {
      return maxInUse;
    },
    get total() {
      return total;
    },
    get maxTotal() {
      return maxTotal;
    },
  };
}
