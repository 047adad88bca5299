/** A straight line through measurements. */
export interface Slope {
  /** Per unit of x. */
  readonly perUnit: number;
  /** Standard error of it, from the scatter about the line. */
  readonly error: number;
}

/**
 * Ordinary least squares; the error is sqrt(sum of squared residuals / (n - 2) / sum (x - mean)^2).
 * @param points at least three, of different x.
 */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): Slope {
  const n = points.length;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / n;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / n;
  const spread = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  const perUnit = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const residuals = points.reduce((sum, [x, y]) => sum + (y - meanY - perUnit * (x - meanX)) ** 2, 0);
  return { perUnit, error: Math.sqrt(residuals / (n - 2) / spread) };
}

/** Whether it is steeper than that beyond its noise (two standard errors). */
export function isSteeper({ perUnit, error }: Slope, than: number): boolean {
  return perUnit - 2 * error > than;
}
