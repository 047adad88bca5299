import { createMt19937 } from './mt19937.ts';

const twoPi = Math.fround(2 * Math.PI);
const blockSize = 16;

/**
 * Standard normals as torch's CPU `randn` in float32 draws them from `Generator.manual_seed(seed)`
 * (aten/src/ATen/native/cpu/DistributionTemplates.h and core/DistributionsHelper.h). Each call of the
 * returned function fills its argument as one `randn` call on the generator does; torch takes another path
 * below 16 values.
 *
 * @param seed integer from 0 to 2^53 - 1; torch uses it modulo 2^32
 */
export function createTorchCpuNormals(seed: number): (values: Float32Array) => void {
  const nextWord = createMt19937(seed);
  let cached: number | undefined;

  function fillFew(values: Float32Array): void {
    for (let i = 0; i < values.length; i++) {
      if (cached !== undefined) {
        values[i] = cached;
        cached = undefined;
        continue;
      }
      const angle = 2 * Math.PI * uniform53(nextWord);
      const radius = Math.sqrt(-2 * Math.log1p(-uniform53(nextWord)));
      values[i] = radius * Math.cos(angle);
      cached = radius * Math.sin(angle);
    }
  }

  function fillMany(values: Float32Array): void {
    const length = values.length;
    for (let i = 0; i < length; i++) values[i] = uniform24(nextWord);
    for (let i = 0; i + blockSize <= length; i += blockSize) transformBlock(values, i);
    if (length % blockSize !== 0) {
      // The tail rule: the last 16 positions get fresh uniforms, also those already transformed.
      const start = length - blockSize;
      for (let i = start; i < length; i++) values[i] = uniform24(nextWord);
      transformBlock(values, start);
    }
  }

  return (values) => (values.length < blockSize ? fillFew(values) : fillMany(values));
}

function uniform24(nextWord: () => number): number {
  return (nextWord() & 0xffffff) * 2 ** -24;
}

function uniform53(nextWord: () => number): number {
  const high = nextWord();
  const low = nextWord();
  return ((high & 0x1fffff) * 2 ** 32 + low) * 2 ** -53;
}

/**
 * Box-Muller over 16 uniforms in place: the first eight give the radius, the last eight the angle (rounded to
 * float32 as torch does).
 */
function transformBlock(values: Float32Array, start: number): void {
  for (let j = start; j < start + blockSize / 2; j++) {
    const radius = Math.sqrt(-2 * Math.log(1 - values[j]!));
    const angle = Math.fround(twoPi * values[j + blockSize / 2]!);
    values[j] = radius * Math.cos(angle);
    values[j + blockSize / 2] = radius * Math.sin(angle);
  }
}
