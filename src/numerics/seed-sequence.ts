/** NumPy's SeedSequence constants (numpy/random/bit_generator.pyx), after O'Neill's seed_seq_fe. */
const initialHash = 0x43b0d7e5;
const hashMultiplier = 0x931e8875;
const outputHash = 0x8b51f9dd;
const outputMultiplier = 0x58f38ded;
const mixLeft = 0xca01f9dd;
const mixRight = 0x4973f715;

/**
 * The first word of `numpy.random.SeedSequence(entropy, spawn_key=spawnKey,
 * pool_size=poolSize).generate_state(n)`.
 *
 * @param entropy integer from 0 to 2^53 - 1
 * @param spawnKey integers from 0 to 2^32 - 1; empty for a root sequence
 * @returns an unsigned 32-bit word
 */
export function firstSeedWord(entropy: number, spawnKey: readonly number[], poolSize: number): number {
  const words = entropyWords(entropy);
  if (spawnKey.length > 0) while (words.length < poolSize) words.push(0);
  words.push(...spawnKey);

  let hash = initialHash;
  const hashWord = (word: number): number => {
    const mixed = word ^ hash;
    hash = Math.imul(hash, hashMultiplier);
    const value = Math.imul(mixed, hash);
    return value ^ (value >>> 16);
  };

  const pool = new Uint32Array(poolSize);
  for (let i = 0; i < poolSize; i++) pool[i] = hashWord(words[i] ?? 0);
  for (let i = 0; i < poolSize; i++)
    for (let j = 0; j < poolSize; j++) if (i !== j) pool[j] = mix(pool[j]!, hashWord(pool[i]!));
  for (let i = poolSize; i < words.length; i++)
    for (let j = 0; j < poolSize; j++) pool[j] = mix(pool[j]!, hashWord(words[i]!));

  const value = Math.imul(pool[0]! ^ outputHash, Math.imul(outputHash, outputMultiplier));
  return (value ^ (value >>> 16)) >>> 0;
}

function mix(x: number, y: number): number {
  const value = (Math.imul(mixLeft, x) - Math.imul(mixRight, y)) | 0;
  return value ^ (value >>> 16);
}

function entropyWords(entropy: number): number[] {
  const high = Math.floor(entropy / 2 ** 32);
  return high === 0 ? [entropy] : [entropy % 2 ** 32, high];
}
