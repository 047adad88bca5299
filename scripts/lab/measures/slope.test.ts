import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crossing, paretoFront } from '../report/crossing.ts';
import { measuredSlope } from './slope.ts';

const curve = (calls: readonly number[], error: (calls: number) => number) =>
  calls.map((count) => ({ calls: count, error: error(count) }));
const counts = [10, 15, 20, 25, 30, 50];

test('a power law has its exponent as slope', () => {
  const slope = measuredSlope(
    curve(counts, (n) => 3 / n ** 2),
    0,
  );
  assert.ok('order' in slope && Math.abs(slope.order - 2) < 1e-12);
});

test('a range that is not asymptotic yet is left out from the coarse end', () => {
  const slope = measuredSlope(
    curve(counts, (n) => (n < 18 ? 0.02 : 1) / n ** 2),
    0,
  );
  assert.ok('order' in slope && Math.abs(slope.order - 2) < 1e-12);
});

test('where there is no slope to report the reason is given', () => {
  const why = (points: Parameters<typeof measuredSlope>[0], floor = 0) => {
    const slope = measuredSlope(points, floor);
    return 'why' in slope ? slope.why : `order ${slope.order}`;
  };
  assert.equal(why(curve([10, 20], (n) => 1 / n)), 'fewer than 3 numbers of steps');
  assert.equal(why(curve(counts, (n) => (n === 50 ? 1 : 1 / n))), 'the error does not fall throughout');
  assert.equal(
    why([
      { calls: 10, error: 1 },
      { calls: 20, error: 1 / 8 },
      { calls: 40, error: 1 / 16 },
    ]),
    'the slope is still changing',
  );
  assert.equal(why(curve(counts, (n) => 1e-3 / n ** 0.01)), 'the error hardly falls');
  assert.equal(
    why(
      curve(counts, () => 1e-7),
      1e-6,
    ),
    'as exact as the reference itself',
  );
  assert.equal(
    why(
      curve(counts, (n) => (n < 30 ? 1 / n : 1e-6)),
      1e-6,
    ),
    'reaches the exactness of the reference',
  );
});

test('a crossing lies between two points on log axes', () => {
  const points = curve([10, 40], (n) => 1 / n ** 2);
  assert.ok(Math.abs((crossing(points, 1 / 400) as number) - 20) < 1e-9);
  assert.equal(crossing(points, 1), 'from the start');
  assert.equal(crossing(points, 1e-9), 'never');
  assert.equal(crossing([], 1), 'never');
});

test('the Pareto front has no point that another beats in time and error', () => {
  const point = (cost: number, error: number) => ({ cost, error });
  const front = paretoFront([point(3, 5), point(1, 9), point(2, 9), point(4, 1), point(5, 2), point(1, 8)]);
  assert.deepEqual(front, [point(1, 8), point(3, 5), point(4, 1)]);
});
