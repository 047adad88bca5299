/**
 * The side of this repository for loras.ts: the weights merged and the UNet loaded with them, as
 * src/installation/lora-variants.ts does it for a request. Prints what each part cost as one
 * line of JSON.
 */
import path from 'node:path';
import { mergeLoras } from '../../../src/checkpoints/loras/merge-loras.ts';
import { openCheckpoint } from '../../../src/checkpoints/open-checkpoint.ts';
import { runtimeLowRank } from '../../../src/networks/runtime-low-rank.ts';
import { openUnet } from '../../../src/networks/unet.ts';

const [location, work] = process.argv.slice(2) as [string, string];
const checkpoint = await openCheckpoint(location);

interface Cost {
  readonly seconds: number;
  /** Of all threads, which other work on the machine does not lengthen. */
  readonly cpuSeconds: number;
}

async function timed<Made>(work: () => Promise<Made>): Promise<[Made, Cost]> {
  const start = performance.now();
  const before = process.cpuUsage();
  const made = await work();
  const { user, system } = process.cpuUsage(before);
  return [made, { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6 }];
}

const both = (one: Cost, other: Cost): Cost => ({
  seconds: one.seconds + other.seconds,
  cpuSeconds: one.cpuSeconds + other.cpuSeconds,
});

const merge = (name: string) =>
  timed(() => {
    const file = path.resolve(work, `${name}.safetensors`);
    return mergeLoras(checkpoint, [{ file, weight: 0.8 }], path.join(work, 'variants'), runtimeLowRank);
  });
const load = (unet: typeof checkpoint.unet) => timed(() => openUnet(unet, { device: 'cpu', timeIdCount: 6 }));

const [first, firstMerge] = await merge('first');
const [network, firstLoad] = await load(first.unet);
await network.release();
const [next, nextMerge] = await merge('next');
const [other, nextLoad] = await load(next.unet);
await other.release();
const [, mergedBefore] = await merge('first');
console.log(
  JSON.stringify({
    'first: merge': firstMerge,
    'first: load': firstLoad,
    'first: all': both(firstMerge, firstLoad),
    'next: merge': nextMerge,
    'next: load': nextLoad,
    'next: all': both(nextMerge, nextLoad),
    'merged before: merge': mergedBefore,
  }),
);
