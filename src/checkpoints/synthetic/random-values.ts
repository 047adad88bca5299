/** FNV-1a over UTF-16 code units, 32 bits. */
function hashOf(text: string, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash | 0;
}

/**
 * Uniform numbers in [-1, 1) that depend on `seed` and `stream` only: a Weyl sequence through the finalizer
 * of MurmurHash3. Integer arithmetic and one exact division, so the same bits come out on every machine.
 */
export function uniformStream(seed: number, stream: string): (target: Float32Array) => void {
  let state = hashOf(stream, seed);
  return (target) => {
    for (let index = 0; index < target.length; index++) {
      state = (state + 0x9e3779b9) | 0;
      let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
      // The upper 24 bits: a float32 holds them exactly.
      target[index] = ((mixed ^ (mixed >>> 16)) >> 8) / 0x800000;
    }
  };
}
