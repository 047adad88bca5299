/**
 * What the random numbers of a step cost at 1024 x 1024 pixels (latents 4 x 128 x 128), in CPU milliseconds
 * per step over the 25 steps of a Karras schedule: one plain draw, one Brownian increment (the DPM++ 2M and
 * 3M SDE names), and the two of DPM++ SDE.
 *
 *     node scripts/bench/noise.ts
 */
import { createNoiseSource, type NoiseSource } from '../../src/numerics/noise-source.ts';
import type { RandomAlgorithm } from '../../src/numerics/random-algorithms.ts';
import { karrasSigmasFloat32 } from '../../src/schedulers/schedules/spacing.ts';
import type { Row } from './report/row.ts';
import { formatTable } from './report/table.ts';

const length = 4 * 128 * 128;
const sigmas = karrasSigmasFloat32(0.0291675, 14.614647, 25);
/** The first runs warm up; the fastest counts. */
const seeds = [1, 2, 3, 4, 5];

const workloads: Record<string, (source: NoiseSource) => void> = {
  'one draw': (source) => {
    for (let i = 1; i < sigmas.length; i++) source.normal();
  },
  'Brownian, one increment': (source) => {
    const path = source.brownian(sigmas.at(-1)!, sigmas[0]!);
    for (let i = 1; i < sigmas.length; i++) path(sigmas[i - 1]!, sigmas[i]!);
  },
  'Brownian, two increments': (source) => {
    const path = source.brownian(sigmas.at(-1)!, sigmas[0]!);
    for (let i = 1; i < sigmas.length; i++) {
      path(sigmas[i - 1]!, Math.sqrt(sigmas[i - 1]! * sigmas[i]!));
      path(sigmas[i - 1]!, sigmas[i]!);
    }
  },
};

function millisecondsPerStep(rng: RandomAlgorithm, work: (source: NoiseSource) => void): number {
  const times = seeds.map((seed) => {
    const source = createNoiseSource({ rng, seed, length });
    const start = process.cpuUsage();
    work(source);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1000 / (sigmas.length - 1);
  });
  return Math.min(...times);
}

/** A row for every source of random numbers and use of them. */
export function measureNoise(): Row[] {
  return (['philox', 'torch-cpu'] as const).flatMap((rng) =>
    Object.entries(workloads).map(([name, work]) => ({
      group: 'random numbers',
      name: `${rng}, ${name}, a step`,
      unit: 'ms' as const,
      samples: [millisecondsPerStep(rng, work)],
    })),
  );
}

if (import.meta.main) console.log(formatTable(measureNoise()));
