import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createNoiseSource } from '../../../src/numerics/noise-source.ts';
import { solveFlow } from '../exact/flow.ts';
import { lineCumulative, lineQuantile } from '../measures/distances.ts';
import { type Mixture, mixtureClean, mixtureDenoise, mixtureSamples, plane } from './mixture.ts';

const round: Mixture = { components: [{ weight: 1, mean: [0.4, -0.3], deviation: 0.5 }] };

test('the denoiser of one round normal is the closed form', async () => {
  const [c2, sigma2] = [0.25, 4];
  const clean = await mixtureDenoise(round)(Float32Array.of(2, 1), { sigma: 2, timestep: 0 });
  const share = c2 / (c2 + sigma2);
  assert.ok(Math.abs(clean[0]! - (0.4 + share * 1.6)) < 1e-7);
  assert.ok(Math.abs(clean[1]! - (-0.3 + share * 1.3)) < 1e-7);
});

test('far from the noise a point belongs to its nearest component, without overflow', async () => {
  const clean = await mixtureDenoise(plane)(Float32Array.of(1.1, 0.8, 3000, -4000), {
    sigma: 0.03,
    timestep: 0,
  });
  assert.ok(Math.abs(clean[0]! - 1.1) < 1e-3 && Math.abs(clean[1]! - 0.8) < 1e-3);
  assert.ok(clean.every(Number.isFinite));
});

test('the exact flow of one round normal shrinks distances from its mean as sqrt(c^2 + sigma^2)', async () => {
  const start = Float64Array.of(5, -2, 0.4, 8);
  const { x, calls } = await solveFlow(mixtureClean(round), start, { from: 10, to: 0.03, tolerance: 1e-10 });
  const shrinks = Math.hypot(0.5, 0.03) / Math.hypot(0.5, 10);
  for (const [i, mean] of [0.4, -0.3, 0.4, -0.3].entries())
    assert.ok(Math.abs(x[i]! - (mean + shrinks * (start[i]! - mean))) < 1e-8, `${x[i]}`);
  assert.ok(calls > 20);
});

test('the exact flow of a mixture along a line carries each point to the same share of the distribution', async () => {
  // Equal deviations on one axis: that axis does not see the other, and a flow on a line keeps the order of
  // points.
  const line: Mixture = {
    components: [
      { weight: 0.5, mean: [-1, 0], deviation: 0.2 },
      { weight: 0.3, mean: [0.3, 0], deviation: 0.2 },
      { weight: 0.2, mean: [1.5, 0], deviation: 0.2 },
    ],
  };
  const at = (sigma: number) =>
    line.components.map(({ weight, mean }) => ({ weight, mean: mean[0], deviation: Math.hypot(0.2, sigma) }));
  const shares = [0.01, 0.2, 0.49, 0.51, 0.79, 0.81, 0.99];
  const start = Float64Array.from(shares.flatMap((share) => [lineQuantile(at(5), share), 0.7]));
  const { x } = await solveFlow(mixtureClean(line), start, { from: 5, to: 0.03, tolerance: 1e-11 });
  for (const [i, share] of shares.entries())
    assert.ok(Math.abs(lineCumulative(at(0.03), x[2 * i]!) - share) < 1e-7, `share ${share}`);
});

test('a flow that cannot be solved to its tolerance, or turns into NaN, is an error', async () => {
  const broken = async (x: Float64Array) => x.map(() => Number.NaN);
  await assert.rejects(
    solveFlow(broken, Float64Array.of(1, 1), { from: 10, to: 1, tolerance: 1e-6 }),
    /the denoiser gave NaN at sigma/,
  );
  let calls = 0;
  const jumping = async (x: Float64Array) => {
    calls++;
    return x.map((value) => value + Math.sin(calls));
  };
  await assert.rejects(
    solveFlow(jumping, Float64Array.of(1, 1), { from: 10, to: 1, tolerance: 1e-12 }),
    /the flow cannot be solved to 1e-12/,
  );
});

test('exact samples have the mean of the mixture', () => {
  const length = 20_000;
  const normals = createNoiseSource({ rng: 'philox', seed: 5, length: 2 * length }).normal();
  const samples = mixtureSamples(plane, (index) => (index + 0.5) / length, normals);
  for (const axis of [0, 1] as const) {
    const expected = plane.components.reduce((sum, { weight, mean }) => sum + weight * mean[axis], 0);
    const mean = samples.filter((_, i) => i % 2 === axis).reduce((sum, value) => sum + value, 0) / length;
    assert.ok(Math.abs(mean - expected) < 0.01, `axis ${axis}: ${mean}, expected ${expected}`);
  }
});
