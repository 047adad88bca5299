export interface ErrorPoint {
  readonly calls: number;
  readonly error: number;
}

/** The slope of log error over log calls, or why there is none to report. */
export type MeasuredSlope = { readonly order: number } | { readonly why: string };

const fewestPoints = 3;
/** How far the slopes of neighbouring points may lie from the fitted one. */
const steadiness = 0.35;
/** An error within this factor of what the reference itself is uncertain by says nothing about the solver. */
const aboveFloor = 5;
/** A curve this flat has come to a standstill for a reason other than its solver. */
const leastSlope = 0.3;

/**
 * The order seen in practice: least squares over the points of most calls, as long as the rule for an
 * asymptotic range holds: at least three points, each above five times the floor, the error falling from each
 * to the next, and each neighbouring pair's slope within 0.35 of the fit, which is at least 0.3. As many of
 * the finest points as possible are taken.
 * @param floor uncertainty of the reference.
 */
export function measuredSlope(points: readonly ErrorPoint[], floor: number): MeasuredSlope {
  const sorted = points.toSorted((a, b) => a.calls - b.calls);
  const clear = sorted.filter(({ error }) => error > aboveFloor * floor);
  if (sorted.length < fewestPoints) return { why: `fewer than ${fewestPoints} numbers of steps` };
  if (clear.length < fewestPoints) return { why: 'as exact as the reference itself' };
  if (clear.length < sorted.length && clear.at(-1) !== sorted.at(-1))
    return { why: 'reaches the exactness of the reference' };
  let why = '';
  for (let first = 0; first + fewestPoints <= clear.length; first++) {
    const range = clear.slice(first);
    const fitted = fit(range);
    const pairs = range.slice(1).map((point, i) => fit([range[i]!, point]));
    if (pairs.some((pair) => pair <= 0)) why = 'the error does not fall throughout';
    else if (pairs.some((pair) => Math.abs(pair - fitted) > steadiness)) why = 'the slope is still changing';
    else if (fitted < leastSlope) why = 'the error hardly falls';
    else return { order: fitted };
  }
  return { why };
}

function fit(points: readonly ErrorPoint[]): number {
  const logs = points.map(({ calls, error }) => [Math.log(calls), Math.log(error)] as const);
  const mean = (index: 0 | 1) => logs.reduce((sum, pair) => sum + pair[index], 0) / logs.length;
  const [x, y] = [mean(0), mean(1)];
  const along = logs.reduce((sum, pair) => sum + (pair[0] - x) * (pair[1] - y), 0);
  return -along / logs.reduce((sum, pair) => sum + (pair[0] - x) ** 2, 0);
}
