import { fillPhiloxNormals } from './philox-kernel.ts';

/**
 * Standard normals as torch's CUDA `randn` and A1111's "NV" source (modules/rng_philox.py) give them. Each
 * call of the returned function fills its argument as one `randn` call on the generator does. As A1111's,
 * this numbers all values of a draw alike; torch does so only up to one value per thread its grid may have
 * (multiprocessors times resident threads), which the latents of one 1024 x 1024 picture reach on small cards
 * such as a T4.
 *
 * @param seed integer from 0 to 2^53 - 1, all bits used
 */
export function createPhiloxNormals(seed: number): (values: Float32Array) => void {
  let draw = 0;
  return (values) => fillPhiloxNormals(values, seed, draw++);
}
