export interface PairedTest {
  readonly mean: number;
  /** The mean in standard deviations of the differences (Cohen's d of a paired design). */
  readonly effectSize: number;
  /** Two-sided: how likely a mean as far from zero as this one is where there is no effect. */
  readonly p: number;
}

/**
 * Student's paired t test of whether the mean of the differences is zero.
 * @param differences at least two.
 */
export function pairedTest(differences: readonly number[]): PairedTest {
  const count = differences.length;
  const mean = differences.reduce((sum, value) => sum + value, 0) / count;
  const deviation = Math.sqrt(differences.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1));
  const effectSize = mean === 0 ? 0 : mean / deviation;
  return { mean, effectSize, p: twoSided(Math.abs(effectSize) * Math.sqrt(count), count - 1) };
}

/**
 * Probability that Student's t with `freedom` degrees of freedom is beyond +-t, by Simpson's rule over the
 * angle atan(t / sqrt(freedom)), in which the density is cos^(freedom - 1).
 */
function twoSided(t: number, freedom: number): number {
  const edge = Math.atan(t / Math.sqrt(freedom));
  const tail = integral((angle) => Math.cos(angle) ** (freedom - 1), edge, Math.PI / 2);
  return tail / integral((angle) => Math.cos(angle) ** (freedom - 1), 0, Math.PI / 2);
}

function integral(density: (x: number) => number, from: number, to: number): number {
  const intervals = 2000;
  const width = (to - from) / intervals;
  let sum = density(from) + density(to);
  for (let i = 1; i < intervals; i++) sum += density(from + i * width) * (i % 2 === 1 ? 4 : 2);
  return (sum * width) / 3;
}
