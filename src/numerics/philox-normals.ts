import { fillPhiloxNormals } from './philox-kernel.ts';

/**
 * Standard normals as torch's CUDA `randn` and A1111's "NV" source (modules/rng_philox.py) give them. Each call of
 * the returned function fills its argument as one `randn` call on the generator does.
 *
 * @param seed integer from 0 to 2^53 - 1, all bits used
 */
export function createPhiloxNormals(seed: number): (values: Float32Array) => void {
  let draw = 0;
  return (values) => fillPhiloxNormals(values, seed, draw++);
}
