/**
 * `count` evenly spaced numbers from `start` to `end` in float64, as numpy.linspace; one number is `start`.
 */
export function linspace(start: number, end: number, count: number): number[] {
  const step = count > 1 ? (end - start) / (count - 1) : 0;
  return Array.from({ length: count }, (_, i) => (i > 0 && i === count - 1 ? end : start + step * i));
}

/**
 * torch.linspace in float32, to the bit: the step is rounded first, the second half counts back from the end,
 * and product and sum are rounded once (pytorch aten/src/ATen/native/cpu/RangeFactoriesKernel.cpp).
 */
export function linspaceFloat32(start: number, end: number, count: number): Float32Array {
  const from = Math.fround(start);
  const to = Math.fround(end);
  const step = count > 1 ? Math.fround(Math.fround(to - from) / (count - 1)) : 0;
  const half = Math.floor(count / 2);
  return Float32Array.from({ length: count }, (_, i) =>
    i < half || count === 1 ? from + step * i : to - step * (count - 1 - i),
  );
}
