import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noiseTable } from '../noise-levels/noise-table.ts';
import { discardPenultimate, karras, normal } from './schedules.ts';
import {
  exponentialSigmas,
  gridTimesteps,
  karrasSigmas,
  karrasSigmasFloat32,
  roundHalfEven,
  solverTimesteps,
} from './spacing.ts';

const sdxl = noiseTable({
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  steps_offset: 1,
});

test('leading grids of the sigma-based and of the solver classes differ by a step', () => {
  assert.deepEqual(gridTimesteps(sdxl, 25, 'leading').slice(0, 3), [961, 921, 881]);
  assert.deepEqual(gridTimesteps(sdxl, 25, 'leading').slice(-2), [41, 1]);
  assert.deepEqual(solverTimesteps(sdxl, 25, 'leading').slice(0, 3), [951, 913, 875]);
  assert.equal(gridTimesteps(sdxl, 30, 'leading')[0], 958);
  assert.equal(gridTimesteps(sdxl, 100, 'leading')[0], 991);
});

test('linspace grids: every 40 below the end for the solvers, whole numbers where asked', () => {
  assert.deepEqual(solverTimesteps(sdxl, 25, 'linspace').slice(0, 2), [999, 959]);
  assert.equal(solverTimesteps(sdxl, 25, 'linspace').at(-1), 40);
  assert.equal(gridTimesteps(sdxl, 25, 'linspace')[1], 957.375);
  assert.equal(gridTimesteps(sdxl, 25, 'linspace', { whole: true })[1], 957);
});

test('trailing grids start at the last training timestep and need no offset', () => {
  assert.deepEqual(gridTimesteps(sdxl, 4, 'trailing'), [999, 749, 499, 249]);
  assert.deepEqual(solverTimesteps(sdxl, 3, 'trailing'), [999, 666, 332]);
});

test('halves round to the even neighbour', () => {
  assert.deepEqual([0.5, 1.5, 2.5, 2.4999, -0.5, 7].map(roundHalfEven), [0, 2, 2, 2, 0, 7]);
});

test("A1111's plain schedule has the sigmas of k-diffusion's get_sigmas(20)", () => {
  const { levels } = normal(sdxl, 20);
  const expected = [14.61465, 10.74681, 8.08152, 6.20494];
  for (const [i, sigma] of expected.entries()) assert.ok(Math.abs(levels[i]!.sigma - sigma) < 1e-5);
  assert.ok(Math.abs(levels[18]!.sigma - 0.23216) < 1e-5);
  assert.ok(Math.abs(levels[19]!.sigma - 0.02917) < 1e-5);
  assert.equal(levels[20]!.sigma, 0);
});

test('Karras and exponential schedules run from one end of the range to the other', () => {
  const [low, high] = [0.03, 14.6];
  for (const sigmas of [
    karrasSigmas(low, high, 10),
    karrasSigmasFloat32(low, high, 10),
    exponentialSigmas(low, high, 10),
  ]) {
    assert.equal(sigmas.length, 10);
    assert.ok(Math.abs(sigmas[0]! / high - 1) < 1e-5);
    assert.ok(Math.abs(sigmas[9]! / low - 1) < 1e-5);
  }
  const single = karrasSigmas(low, high, 10).map(
    (sigma, i) => sigma / karrasSigmasFloat32(low, high, 10)[i]!,
  );
  for (const ratio of single) assert.ok(Math.abs(ratio - 1) < 1e-5);
  assert.equal(karrasSigmas(low, high, 1).length, 1);
});

test('discarding the penultimate level keeps the number of steps and the end, and loses the lowest level', () => {
  const [plain, discarded] = [karras(sdxl, 26), discardPenultimate(karras)(sdxl, 25)];
  assert.equal(discarded.end, 25);
  assert.deepEqual(discarded.levels.slice(0, 25), plain.levels.slice(0, 25));
  assert.deepEqual(discarded.levels[25], plain.levels[26]);
});
