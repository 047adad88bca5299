import type { NoiseSource } from '../../src/numerics/noise-source.ts';
import { noiseTable } from '../../src/schedulers/noise-levels.ts';
import { type Endpoint, findScheduler, schedulerNames } from '../../src/schedulers/registry.ts';

/**
 * Milliseconds per step of every scheduler's own arithmetic on the latents of a 1024 x 1024 image: the network
 * and the noise are free. `node scripts/bench/schedulers.ts`
 */
const length = 4 * 128 * 128;
const steps = 50;
const rounds = 5;

const clean = Float32Array.from({ length }, (_, i) => Math.sin(i));
const noise = Float32Array.from({ length }, (_, i) => Math.cos(i));
const source: NoiseSource = { normal: () => noise, brownian: () => () => noise };
const model = noiseTable({
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  timestep_spacing: 'leading',
  steps_offset: 1,
});

async function millisecondsPerStep(endpoint: Endpoint, name: string): Promise<number> {
  const { solver, schedule } = findScheduler(endpoint, name);
  const run = schedule(model, steps);
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    let taken = 0;
    const start = performance.now();
    for await (const _ of solver(async () => clean, noise, run, source)) taken++;
    best = Math.min(best, (performance.now() - start) / taken);
  }
  return best;
}

let worst = 0;
for (const endpoint of ['sdxl-torch', 'sdxl-img2img'] as const)
  for (const name of schedulerNames(endpoint)) {
    const milliseconds = await millisecondsPerStep(endpoint, name);
    worst = Math.max(worst, milliseconds);
    console.log(`${milliseconds.toFixed(3)} ms/step  ${endpoint}  ${name}`);
  }
console.log(`worst ${worst.toFixed(3)} ms/step, ${worst < 1 ? 'within' : 'above'} the budget of 1 ms`);
