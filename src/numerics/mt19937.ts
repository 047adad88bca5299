const stateSize = 624;
const shiftSize = 397;

/**
 * MT19937 (Matsumoto and Nishimura 1998) seeded as torch's CPU generator: init_genrand with the low 32 bits
 * of the seed, so that seeds which differ by a multiple of 2^32 give one stream.
 *
 * @param seed integer from 0 to 2^53 - 1
 * @returns a function giving the next unsigned 32-bit word
 */
export function createMt19937(seed: number): () => number {
  const state = new Uint32Array(stateSize);
  state[0] = seed % 2 ** 32;
  for (let i = 1; i < stateSize; i++) {
    const previous = state[i - 1]!;
    state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
  }
  let position = stateSize;

  return () => {
    if (position === stateSize) {
      twist(state);
      position = 0;
    }
    let word = state[position++]!;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    word ^= word >>> 18;
    return word >>> 0;
  };
}

function twist(state: Uint32Array): void {
  let current = state[0]!;
  for (let i = 0; i < stateSize; i++) {
    const next = state[i + 1 < stateSize ? i + 1 : 0]!;
    const mixed = (current & 0x80000000) | (next & 0x7fffffff);
    const partner = i + shiftSize < stateSize ? i + shiftSize : i + shiftSize - stateSize;
    state[i] = state[partner]! ^ (mixed >>> 1) ^ (next & 1 ? 0x9908b0df : 0);
    current = next;
  }
}
