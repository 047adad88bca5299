/**
 * What the arithmetic of each scheduler costs at 1024 x 1024 pixels (latents 4 x 128 x 128), in CPU milliseconds
 * per step of 25, without the network and without drawing noise.
 *
 *     node scripts/bench/solvers.ts
 */
import type { NoiseSource } from '../../src/numerics/noise-source.ts';
import { noiseTable } from '../../src/schedulers/noise-levels.ts';
import { findScheduler, type SchedulerDefinition, schedulerNames } from '../../src/schedulers/registry.ts';

const steps = 25;
const latents = new Float32Array(4 * 128 * 128).fill(0.3);
const noise: NoiseSource = { normal: () => latents, brownian: () => () => latents };
const model = noiseTable({
  num_train_timesteps: 1000,
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: 'scaled_linear',
  timestep_spacing: 'leading',
  steps_offset: 1,
});

async function millisecondsPerStep({ solver, schedule }: SchedulerDefinition): Promise<number> {
  const start = process.cpuUsage();
  let count = 0;
  for await (const _ of solver(async () => latents, latents, schedule(model, steps), noise)) count++;
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000 / count;
}

for (const endpoint of ['sdxl-torch', 'sdxl-img2img'] as const)
  for (const name of schedulerNames(endpoint)) {
    const times: number[] = [];
    // The first runs warm up; the fastest counts.
    for (let run = 0; run < 4; run++) times.push(await millisecondsPerStep(findScheduler(endpoint, name)));
    console.log(`${endpoint.padEnd(14)}${name.padEnd(32)}${Math.min(...times).toFixed(2)} ms`);
  }
