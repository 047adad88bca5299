const multipliers = [0xd2511f53, 0xcd9e8d57] as const;
const weyl = [0x9e3779b9, 0xbb67ae85] as const;
const rounds = 10;

/** High 32 bits of an unsigned 32 x 32 bit product, as a signed word. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  // Every partial sum stays below 2^53 and is cut to 32 bits before the next.
  const middle = aHigh * bLow + ((Math.imul(aLow, bLow) >>> 0) >>> 16);
  const carry = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(carry / 65536)) | 0;
}

/**
 * One block of Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
 *
 * @param counter four 32-bit words; replaced by the four random words (unsigned when read from a Uint32Array)
 * @param keyLow low half of the 64-bit key
 * @param keyHigh high half of the 64-bit key
 */
export function philox4x32(counter: Uint32Array, keyLow: number, keyHigh: number): void {
  let c0 = counter[0]!;
  let c1 = counter[1]!;
  let c2 = counter[2]!;
  let c3 = counter[3]!;
  let k0 = keyLow | 0;
  let k1 = keyHigh | 0;
  for (let round = 0; round < rounds; round++) {
    const high0 = multiplyHigh(c0, multipliers[0]);
    const low0 = Math.imul(c0, multipliers[0]);
    const high1 = multiplyHigh(c2, multipliers[1]);
    const low1 = Math.imul(c2, multipliers[1]);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 = (k0 + weyl[0]) | 0;
    k1 = (k1 + weyl[1]) | 0;
  }
  counter[0] = c0;
  counter[1] = c1;
  counter[2] = c2;
  counter[3] = c3;
}
