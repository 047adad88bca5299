/**
 * The point below which a share `share` of the symmetric beta distribution with both parameters `shape` lies,
 * to about 1e-14: Newton's method on its distribution function, kept inside a shrinking bracket. The upper
 * half is the lower one mirrored, so that 1/2 is exactly 1/2.
 *
 * @param share from 0 to 1
 * @param shape above 0
 */
export function symmetricBetaQuantile(share: number, shape: number): number {
  if (share > 0.5) return 1 - symmetricBetaQuantile(1 - share, shape);
  if (share === 0 || share === 0.5) return share;
  const half = incompleteBeta(0.5, shape);
  const target = 2 * share * half;
  let [low, high] = [0, 0.5];
  let x = 0.5 * (2 * share) ** (1 / shape);
  for (let i = 0; i < 100; i++) {
    const error = incompleteBeta(x, shape) - target;
    if (error > 0) high = x;
    else low = x;
    const next = x - error / (x * (1 - x)) ** (shape - 1);
    const inside = next > low && next < high ? next : (low + high) / 2;
    if (Math.abs(inside - x) <= 1e-16 * x) return inside;
    x = inside;
  }
  return x;
}

/**
 * The integral of (u (1 - u))^(shape - 1) from 0 to x, for x up to 1/2, by its hypergeometric series
 * x^shape / shape * (1 - x)^shape * F(2 shape, 1; shape + 1; x) (DLMF 8.17.8).
 */
function incompleteBeta(x: number, shape: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 0; k < 200 && term > sum * 1e-17; k++) {
    term *= ((2 * shape + k) / (shape + 1 + k)) * x;
    sum += term;
  }
  return ((x * (1 - x)) ** shape / shape) * sum;
}
