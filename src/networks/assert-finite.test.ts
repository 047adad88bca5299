import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertFinite } from './assert-finite.ts';

test('finite values of every size pass', () => {
  assertFinite('latents', Float32Array.of(0, -0, 3.4e38, -3.4e38, 1e-45));
  assertFinite('latents', new Float32Array(0));
});

test('a NaN or an infinity is reported with the name, how many there are and where the first lies', () => {
  assert.throws(
    () => assertFinite('latents', Float32Array.of(1, Number.NaN, 2, Number.POSITIVE_INFINITY)),
    /^Error: latents: 2 of 4 values are not finite \(first: NaN at 1\)$/,
  );
  assert.throws(() => assertFinite('image', Float32Array.of(Number.NEGATIVE_INFINITY)), /-Infinity at 0/);
});
