import { readFileSync } from 'node:fs';
import { restrictedSharp } from '../../../src/images/restricted-sharp.ts';
import type { Work } from './work.ts';

/** How far apart are what the two sides made? */
export async function agreement(kind: Work['kind'], ours: string, theirs: string): Promise<string> {
  if (kind === 'unet-step') {
    const difference = relativeDifference(floats(ours), floats(theirs));
    return `largest difference of the noise over its largest value: ${difference.toExponential(2)}`;
  }
  const [a, b] = await Promise.all(
    [ours, theirs].map((file) => restrictedSharp(readFileSync(file)).raw().toBuffer()),
  );
  const total = a!.reduce((sum, value, index) => sum + Math.abs(value - b![index]!), 0);
  return `mean difference of the pictures: ${(total / a!.length).toFixed(3)} of 255`;
}

function floats(file: string): Float32Array {
  return new Float32Array(new Uint8Array(readFileSync(file)).buffer);
}

/**
 * Largest absolute difference over the largest absolute value of `expected`.
 * @throws RangeError for another length.
 */
export function relativeDifference(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length)
    throw new RangeError(`${actual.length} values cannot be compared with ${expected.length}`);
  let [difference, largest] = [0, 0];
  for (let index = 0; index < expected.length; index++) {
    difference = Math.max(difference, Math.abs(actual[index]! - expected[index]!));
    largest = Math.max(largest, Math.abs(expected[index]!));
  }
  return difference / largest;
}
