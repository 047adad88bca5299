/** A matrix [outputs, inputs] as scale * up [outputs, rank] times down [rank, inputs], all row-major. */
export interface LowRank {
  readonly up: Float32Array;
  readonly down: Float32Array;
  readonly rank: number;
  readonly scale: number;
}

/** A weight's values as they are computed with, or as its file has them. */
export type WeightValues = Float32Array | Float16Array;

/**
 * The values with a product added in float32 or better, rounded once to their type; the same array or
 * another.
 */
export type AddLowRank = <Values extends WeightValues>(
  values: Values,
  product: LowRank,
) => Promise<Values> | Values;

/** Columns handled at a time, so that the sums and a few rows of `down` stay in the fastest cache. */
const columnsAtATime = 512;

/**
 * Without a runtime: sums in float64. Two rows of the result and four of `down` at a time, twice as fast as
 * one by one: a rank that is no multiple of four and an odd row are filled up with zeros.
 */
export const addLowRank: AddLowRank = (values, product) => {
  if (values instanceof Float32Array) addTo32(values, product);
  else {
    const wide = new Float32Array(values);
    addTo32(wide, product);
    values.set(wide);
  }
  return values;
};

function addTo32(values: Float32Array, { up, down, rank, scale }: LowRank): void {
  const inputs = down.length / rank;
  const outputs = up.length / rank;
  const depth = Math.ceil(rank / 4) * 4;
  const factors = new Float64Array((outputs + 1) * depth);
  for (let output = 0; output < outputs; output++)
    for (let index = 0; index < rank; index++)
      factors[output * depth + index] = scale * up[output * rank + index]!;

  for (let begin = 0; begin < inputs; begin += columnsAtATime) {
    const width = Math.min(columnsAtATime, inputs - begin);
    const block = new Float64Array(depth * width);
    for (let index = 0; index < rank; index++) {
      const from = index * inputs + begin;
      block.set(down.subarray(from, from + width), index * width);
    }
    const even = new Float64Array(width);
    const odd = new Float64Array(width);
    for (let output = 0; output < outputs; output += 2) {
      even.fill(0);
      odd.fill(0);
      for (let index = 0; index < depth; index += 4)
        addFourRows(even, odd, block, index * width, factors, output * depth + index, depth);
      addTo(values, output * inputs + begin, even);
      if (output + 1 < outputs) addTo(values, (output + 1) * inputs + begin, odd);
    }
  }
}

function addFourRows(
  even: Float64Array,
  odd: Float64Array,
  block: Float64Array,
  row: number,
  factors: Float64Array,
  at: number,
  depth: number,
): void {
  const width = even.length;
  const [a, b, c, d] = [factors[at]!, factors[at + 1]!, factors[at + 2]!, factors[at + 3]!];
  const next = at + depth;
  const [e, f, g, h] = [factors[next]!, factors[next + 1]!, factors[next + 2]!, factors[next + 3]!];
  const [first, second, third, fourth] = [row, row + width, row + 2 * width, row + 3 * width];
  for (let column = 0; column < width; column++) {
    const p = block[first + column]!;
    const q = block[second + column]!;
    const r = block[third + column]!;
    const s = block[fourth + column]!;
    even[column]! += a * p + b * q + c * r + d * s;
    odd[column]! += e * p + f * q + g * r + h * s;
  }
}

function addTo(values: Float32Array, from: number, sums: Float64Array): void {
  for (let column = 0; column < sums.length; column++) values[from + column]! += sums[column]!;
}
