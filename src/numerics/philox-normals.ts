import { philox4x32 } from './philox.ts';

const twoPow32Inverse = 2 ** -32;
const twoPow32InverseTwoPi = Math.fround(2.3283064e-10 * 6.2831855);

/**
 * Standard normals as torch's CUDA `randn` and A1111's "NV" source (modules/rng_philox.py) give them: value i of
 * draw d is the sine half of Box-Muller on the first two words of Philox4x32-10 at counter (d, 0, i, 0), with the
 * 64-bit seed as key. Each call of the returned function fills its argument as one `randn` call on the generator
 * does.
 *
 * @param seed integer from 0 to 2^53 - 1, all bits used
 */
export function createPhiloxNormals(seed: number): (values: Float32Array) => void {
  const keyLow = seed % 2 ** 32;
  const keyHigh = Math.floor(seed / 2 ** 32);
  const counter = new Uint32Array(4);
  let draw = 0;

  return (values) => {
    for (let i = 0; i < values.length; i++) {
      counter[0] = draw;
      counter[1] = 0;
      counter[2] = i;
      counter[3] = 0;
      philox4x32(counter, keyLow, keyHigh);
      const u = counter[0] * twoPow32Inverse + twoPow32Inverse / 2;
      const angle = counter[1] * twoPow32InverseTwoPi + twoPow32InverseTwoPi / 2;
      values[i] = Math.sqrt(-2 * Math.log(u)) * Math.sin(angle);
    }
    draw++;
  };
}
