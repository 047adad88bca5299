import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { noiseTable } from './noise-levels/noise-table.ts';
import { findScheduler } from './registry.ts';

/** What scripts/maintainers/make-oracles/asked-sigmas.py recorded of diffusers 0.42.1. */
interface Oracle {
  config: Record<string, unknown>;
  runs: Record<string, Record<string, { steps: number; sigmas: number[]; timesteps: number[] }[]>>;
}
const oracle: Oracle = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'oracles/asked-sigmas.json'), 'utf8'),
);

for (const [name, byKey] of Object.entries(oracle.runs))
  for (const [key, runs] of Object.entries(byKey))
    for (const { steps, sigmas, timesteps } of runs)
      test(`${name} with ${key} in the checkpoint has the ${steps} levels of diffusers`, () => {
        const model = noiseTable({ ...oracle.config, [key]: true });
        const { levels } = findScheduler('sdxl-torch', name).schedule(model, steps);
        assert.equal(levels.length, sigmas.length);
        for (const [index, { sigma, timestep }] of levels.entries()) {
          assert.ok(Math.abs(sigma - sigmas[index]!) <= 2e-6 * sigmas[index]!, `sigma ${index}: ${sigma}`);
          if (index < steps)
            assert.ok(Math.abs(timestep - timesteps[index]!) < 2e-3, `timestep ${index}: ${timestep}`);
        }
      });

test('schedulers whose class in diffusers has no such key keep their grid', () => {
  for (const name of ['DDIM', 'PNDM', 'DDPM', 'Euler a']) {
    const { schedule } = findScheduler('sdxl-torch', name);
    const asked = schedule(noiseTable({ ...oracle.config, use_karras_sigmas: true }), 25);
    assert.deepEqual(asked.levels, schedule(noiseTable(oracle.config), 25).levels);
  }
});
