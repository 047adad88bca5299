/**
 * `node scripts/bench/schedulers.ts`: CPU milliseconds per step of every scheduler's own arithmetic on the
 * latents of a 1024 x 1024 image, where the network and the noise are free.
 */
import { publishedScheduler } from '../../src/checkpoints/configs/published-configs.ts';
import type { NoiseSource } from '../../src/numerics/noise-source.ts';
import { noiseTable } from '../../src/schedulers/noise-levels/noise-table.ts';
import { findScheduler, schedulerNames } from '../../src/schedulers/registry.ts';
import type { SchedulerDefinition } from '../../src/schedulers/scheduler-definition.ts';

import type { Row } from './report/row.ts';
import { formatTable } from './report/table.ts';

const length = 4 * 128 * 128;
const steps = 25;
const runs = 8;

const clean = Float32Array.from({ length }, (_, i) => Math.sin(i));
const noise = Float32Array.from({ length }, (_, i) => Math.cos(i));
const source: NoiseSource = { normal: () => noise, brownian: () => () => noise };
const model = noiseTable(publishedScheduler);

async function millisecondsPerStep({ solver, schedule }: SchedulerDefinition): Promise<number> {
  const before = process.cpuUsage();
  let taken = 0;
  for await (const _ of solver(async () => clean, noise, schedule(model, steps), source)) taken++;
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / taken;
}

/** A row for every name of both endpoints. The first runs warm up; the fastest counts. */
export async function measureSchedulers(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const endpoint of ['sdxl-torch', 'sdxl-img2img'] as const)
    for (const name of schedulerNames(endpoint)) {
      let best = Number.POSITIVE_INFINITY;
      for (let run = 0; run < runs; run++)
        best = Math.min(best, await millisecondsPerStep(findScheduler(endpoint, name)));
      rows.push({ group: 'schedulers', name: `${endpoint} ${name}, a step`, unit: 'ms', samples: [best] });
    }
  return rows;
}

if (import.meta.main) {
  const rows = await measureSchedulers();
  console.log(formatTable(rows));
  const worst = Math.max(...rows.flatMap(({ samples }) => samples));
  console.log(`worst ${worst.toFixed(3)} ms, the budget is 1 ms`);
}
