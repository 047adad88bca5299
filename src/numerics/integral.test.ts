import assert from 'node:assert/strict';
import { test } from 'node:test';
import { integral } from './integral.ts';

test('integrals that are known in closed form are exact to rounding, in both directions', () => {
  for (const [f, from, to, exact] of [
    [Math.exp, -3, 2, Math.exp(2) - Math.exp(-3)],
    [Math.exp, 2, -3, Math.exp(-3) - Math.exp(2)],
    [(x: number) => 1 / (1 + x * x), 0, 1, Math.PI / 4],
    [(x: number) => x ** 9, 0, 0.2, 0.2 ** 10 / 10],
  ] as const)
    assert.ok(Math.abs(integral(f, from, to) - exact) < 1e-11, `${integral(f, from, to)} for ${exact}`);
});
