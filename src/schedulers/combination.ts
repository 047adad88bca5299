/** x * a + y * b, elementwise into a new array. */
export function blend(x: Float32Array, a: number, y: Float32Array, b: number): Float32Array {
  const out = new Float32Array(x.length);
  for (let i = 0; i < out.length; i++) out[i] = x[i]! * a + y[i]! * b;
  return out;
}

/** x * a + y * b + z * c, elementwise into a new array. */
export function blend3(
  x: Float32Array,
  a: number,
  y: Float32Array,
  b: number,
  z: Float32Array,
  c: number,
): Float32Array {
  const out = new Float32Array(x.length);
  for (let i = 0; i < out.length; i++) out[i] = x[i]! * a + y[i]! * b + z[i]! * c;
  return out;
}

/** x * a + sum of terms * weights, elementwise into a new array. */
export function blendMany(
  x: Float32Array,
  a: number,
  terms: readonly Float32Array[],
  weights: readonly number[],
): Float32Array {
  const sum = Float64Array.from(x, (value) => value * a);
  for (const [k, term] of terms.entries()) {
    const weight = weights[k]!;
    for (let i = 0; i < sum.length; i++) sum[i]! += term[i]! * weight;
  }
  return Float32Array.from(sum);
}

/** The noise direction behind `latents` of level `sigma`: (latents - clean) / sigma, the derivative by sigma. */
export function noiseOf(latents: Float32Array, clean: Float32Array, sigma: number): Float32Array {
  return blend(latents, 1 / sigma, clean, -1 / sigma);
}
