import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pairedTest } from './paired-test.ts';

test("Student's own sleep data give the published t and p", () => {
  // Student, The Probable Error of a Mean, Biometrika 6 (1908): extra hours of sleep with two drugs; R's
  // t.test(paired = TRUE) gives t = 4.0621, df = 9, p = 0.002833, mean of the differences 1.58.
  const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2];
  const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
  const { mean, effectSize, p } = pairedTest(second.map((value, index) => value - first[index]!));
  assert.equal(mean.toFixed(2), '1.58');
  assert.equal((effectSize * Math.sqrt(10)).toFixed(4), '4.0621');
  assert.equal(p.toFixed(6), '0.002833');
});

test('critical values of the t table have their p', () => {
  // t of 49 degrees of freedom at 0.01, two-sided: 2.680.
  const spread = Math.sqrt(49 / 50);
  const shift = 2.68 / Math.sqrt(50);
  const differences = Array.from({ length: 50 }, (_, index) => shift + (index % 2 === 0 ? spread : -spread));
  assert.ok(Math.abs(pairedTest(differences).p - 0.01) < 1e-4);
});

test('differences that are all zero show nothing, and such that are all alike everything', () => {
  assert.equal(pairedTest([0, 0, 0]).p, 1);
  assert.ok(pairedTest([1, 1, 1]).p < 1e-9);
});
