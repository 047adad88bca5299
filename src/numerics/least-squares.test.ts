import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leastSquares } from './least-squares.ts';

test('an exact linear relation is found', () => {
  const rows = [
    [1, 2, 1],
    [0, 1, 1],
    [3, -1, 1],
    [2, 5, 1],
  ];
  const found = leastSquares(
    rows,
    rows.map(([x, y]) => 2 * x! - 3 * y! + 0.5),
  );
  for (const [index, value] of [2, -3, 0.5].entries())
    assert.ok(Math.abs(found[index]! - value) < 1e-12, `${found}`);
});

test("Anscombe's first data set gives its published line, y = 3.00 + 0.500 x", () => {
  // F. J. Anscombe, Graphs in Statistical Analysis, The American Statistician 27 (1973).
  const x = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
  const y = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];
  const [slope, intercept] = leastSquares(
    x.map((value) => [value, 1]),
    y,
  );
  assert.equal(slope!.toFixed(3), '0.500');
  assert.equal(intercept!.toFixed(2), '3.00');
});

test('columns that depend on each other are refused', () => {
  assert.throws(
    () =>
      leastSquares(
        [
          [1, 2],
          [2, 4],
          [3, 6],
        ],
        [1, 2, 3],
      ),
    /column 1 of 2 depends/,
  );
});
