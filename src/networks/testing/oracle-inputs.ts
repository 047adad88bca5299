/**
 * The inputs that scripts/maintainers/make-oracles/networks.py gave to diffusers and transformers, made
 * again.
 */

function integers(count: number, salt: number): number[] {
  return Array.from({ length: count }, (_, index) => Math.imul(index + salt * 7919, 2654435761) >>> 0);
}

/** Uniform in -1.7 ... 1.7. */
export function oracleNumbers(shape: readonly number[], salt: number): Float32Array {
  const count = shape.reduce((product, side) => product * side, 1);
  return Float32Array.from(integers(count, salt), (value) => (value / 2 ** 31 - 1) * 1.7);
}

const endOfText = 49407;

/** Two prompts of 77 tokens: one padded with end-of-text tokens, one with zeros behind a single one. */
export function oracleIds(): Int32Array {
  const ids = Int32Array.from(integers(2 * 77, 4), (value) => value % 49000);
  ids.fill(endOfText, 9, 77);
  ids[77 + 40] = endOfText;
  ids.fill(0, 77 + 41);
  return ids;
}

export const oracleTimestep = 637.25;

/** By the number of time ids, for a batch of two. */
export const oracleTimeIds: Readonly<Record<number, Float32Array>> = {
  5: Float32Array.of(1024, 1024, 0, 0, 2.5, 1024, 1024, 0, 0, 6),
  6: Float32Array.of(768, 1344, 0, 64, 1024, 1024, 1024, 1024, 0, 0, 1024, 1024),
};
