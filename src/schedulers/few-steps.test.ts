import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noiseTable } from './noise-levels/noise-table.ts';
import { findScheduler } from './registry.ts';

const sdxl = { beta_start: 0.00085, beta_end: 0.012, beta_schedule: 'scaled_linear' };
const trailing = noiseTable({ ...sdxl, timestep_spacing: 'trailing' });

/**
 * The timesteps of the cards of SDXL-Lightning (Euler), SDXL-Turbo (Euler a) and Hyper-SDXL (DDIM), all with
 * timestep_spacing "trailing": round(1000 - i * 1000 / N) - 1 (Lin et al. 2023, table 2).
 */
for (const name of ['Euler', 'Euler a', 'DDIM'] as const)
  test(`${name} with trailing timesteps begins at the last one at every step count from 1`, () => {
    for (let steps = 1; steps <= 100; steps++) {
      const { levels } = findScheduler('sdxl-torch', name).schedule(trailing, steps);
      assert.equal(levels.length, steps + 1);
      const expected = Array.from({ length: steps }, (_, i) => Math.round(1000 - (i * 1000) / steps) - 1);
      for (const [i, timestep] of expected.entries())
        assert.ok(
          Math.abs(levels[i]!.timestep - timestep) <= 1,
          `${steps} steps, ${i}: ${levels[i]!.timestep}`,
        );
      assert.equal(levels[0]!.timestep, 999);
      assert.equal(levels.at(-1)!.sigma, 0);
    }
  });

test('published step counts have the timesteps that their cards print', () => {
  for (const [steps, expected] of [
    [1, [999]],
    [2, [999, 499]],
    [4, [999, 749, 499, 249]],
    [8, [999, 874, 749, 624, 499, 374, 249, 124]],
  ] as const) {
    const { levels } = findScheduler('sdxl-torch', 'Euler').schedule(trailing, steps);
    assert.deepEqual(
      levels.slice(0, -1).map(({ timestep }) => timestep),
      expected,
    );
  }
});
