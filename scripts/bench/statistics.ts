/** Numbers of repeated measurements. All take unsorted samples, at least one. */

export function median(samples: readonly number[]): number {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export interface Ratio {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** Median ratio of runs made in turn, pair by pair, with the smallest and the largest. */
export function pairedRatio(pairs: readonly (readonly [numerator: number, denominator: number])[]): Ratio {
  const ratios = pairs.map(([numerator, denominator]) => numerator / denominator);
  return { ratio: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios) };
}

/**
 * By what factor one set of samples is larger than another that was measured apart: the median of all
 * pairwise ratios (Hodges and Lehmann 1963, of logarithms), with the bounds of its 95 % interval (Mann and
 * Whitney's test inverted). Few samples (below four on each side) cannot exclude anything at that level; then
 * the bounds are the smallest and largest ratio.
 */
export function unpairedRatio(numerators: readonly number[], denominators: readonly number[]): Ratio {
  const ratios = numerators.flatMap((a) => denominators.map((b) => a / b)).sort((a, b) => a - b);
  const outside = pairsOutside(numerators.length, denominators.length);
  return { ratio: median(ratios), low: ratios[outside]!, high: ratios.at(-1 - outside)! };
}

/**
 * How many of the ordered pairwise ratios lie below a two-sided 95 % interval: one less than the largest u at
 * which P(U < u) <= 2.5 %, U being Mann and Whitney's statistic of samples that do not differ.
 */
function pairsOutside(n: number, m: number): number {
  const counts = rankSumCounts(n, m);
  const total = counts.reduce((sum, count) => sum + count, 0);
  let below = 0;
  for (let u = 0; ; u++) {
    below += counts[u]!;
    if (below / total > 0.025) return Math.max(0, u - 1);
  }
}

/**
 * How many of the arrangements of n and m samples give each value of U: the coefficients of a Gaussian
 * binomial.
 */
function rankSumCounts(n: number, m: number): number[] {
  let counts = [1];
  for (let i = 1; i <= n; i++) {
    // Times (1 - q^(m + i)), divided by (1 - q^i).
    const product = new Array<number>(counts.length + m).fill(0);
    for (let index = 0; index < product.length; index++) {
      const own = counts[index] ?? 0;
      const shifted = index >= m + i ? (counts[index - m - i] ?? 0) : 0;
      product[index] = own - shifted + (index >= i ? product[index - i]! : 0);
    }
    counts = product;
  }
  return counts;
}
