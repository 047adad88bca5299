/** A coefficient and the values it multiplies. */
export type Term = readonly [coefficient: number, values: Float32Array];

/**
 * The linear combination of arrays of one length, summed in float64 from left to right and rounded once to
 * float32. Terms with a zero coefficient still count: 0 * Infinity is NaN.
 *
 * @throws RangeError where the arrays differ in length
 */
export function combine(first: Term, ...others: readonly Term[]): Float32Array {
  const length = first[1].length;
  for (const [, values] of others)
    if (values.length !== length)
      throw new RangeError(`cannot combine arrays of ${length} and ${values.length} values`);
  const [second, third] = others;
  if (second === undefined) return scaled(first);
  if (third === undefined) return combineTwo(first, second);
  if (others.length === 2) return combineThree(first, second, third);
  return combineMany([first, ...others]);
}

function scaled([a, x]: Term): Float32Array {
  const sum = new Float32Array(x.length);
  for (let i = 0; i < sum.length; i++) sum[i] = a * x[i]!;
  return sum;
}

function combineTwo([a, x]: Term, [b, y]: Term): Float32Array {
  const sum = new Float32Array(x.length);
  for (let i = 0; i < sum.length; i++) sum[i] = a * x[i]! + b * y[i]!;
  return sum;
}

function combineThree([a, x]: Term, [b, y]: Term, [c, z]: Term): Float32Array {
  const sum = new Float32Array(x.length);
  for (let i = 0; i < sum.length; i++) sum[i] = a * x[i]! + b * y[i]! + c * z[i]!;
  return sum;
}

function combineMany(terms: readonly Term[]): Float32Array {
  const length = terms[0]![1].length;
  const exact = new Float64Array(length);
  for (const [coefficient, values] of terms)
    for (let i = 0; i < length; i++) exact[i]! += coefficient * values[i]!;
  return Float32Array.from(exact);
}
