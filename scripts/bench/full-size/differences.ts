import { readFileSync } from 'node:fs';
import path from 'node:path';
import { relativeDifference } from '../peers/agreement.ts';

/** How far one output of a network is from the folder's. */
export interface Difference {
  readonly output: string;
  readonly sameBits: boolean;
  /** Largest absolute difference over the largest absolute value. */
  readonly relative: number;
  /** Largest absolute value expected: what is all zero or not finite proves nothing. */
  readonly largest: number;
}

/**
 * Compares the .f32 files of two runs.
 * @throws RangeError for another length, or where an expected value is not finite.
 */
export function differences(names: readonly string[], actual: string, expected: string): Difference[] {
  return names.map((output) => {
    const [a, e] = [actual, expected].map((folder) => floats(path.join(folder, `${output}.f32`))) as [
      Float32Array,
      Float32Array,
    ];
    const largest = e.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    if (!Number.isFinite(largest) || largest === 0)
      throw new RangeError(`${expected}: the largest value of ${output} is ${largest}`);
    const sameBits = Buffer.from(a.buffer).equals(Buffer.from(e.buffer));
    return { output, sameBits, relative: relativeDifference(a, e), largest };
  });
}

function floats(file: string): Float32Array {
  return new Float32Array(new Uint8Array(readFileSync(file)).buffer);
}
