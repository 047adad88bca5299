import type { ErrorPoint } from '../measures/slope.ts';

/**
 * Where a curve of errors first reaches a target: model calls, or that it is there from the start or never.
 */
export type Crossing = number | 'from the start' | 'never';

/**
 * The fewest model calls after which the error is at most `target`, interpolated between the measured points
 * on log axes. A curve that rises above the target again later still counts from its first crossing.
 */
export function crossing(points: readonly ErrorPoint[], target: number): Crossing {
  const sorted = points.toSorted((a, b) => a.calls - b.calls);
  if (sorted.length === 0) return 'never';
  if (sorted[0]!.error <= target) return 'from the start';
  for (const [i, right] of sorted.slice(1).entries()) {
    if (right.error > target) continue;
    const left = sorted[i]!;
    if (right.error === 0) return right.calls;
    const share = Math.log(left.error / target) / Math.log(left.error / right.error);
    return Math.exp(Math.log(left.calls) + share * Math.log(right.calls / left.calls));
  }
  return 'never';
}

/**
 * The points that no other beats in both: for each, nothing is as fast or faster with a smaller error.
 * Fastest first.
 */
export function paretoFront<P extends { readonly cost: number; readonly error: number }>(
  points: readonly P[],
): P[] {
  const front: P[] = [];
  for (const point of points.toSorted((a, b) => a.cost - b.cost || a.error - b.error))
    if (front.length === 0 || point.error < front.at(-1)!.error) front.push(point);
  return front;
}
