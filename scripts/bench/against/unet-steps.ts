/**
 * Seconds in which a checkout loads a UNet, and those of a guided step: a program for against.ts, whose
 * arguments are the checkout, the checkpoint, the device, the side of a picture and how many steps there are.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { median } from '../statistics.ts';

const [root, checkpoint, device, side, steps] = process.argv.slice(2);
const load = (file: string) => import(path.join(root!, file));
const { openCheckpoint } = await load('src/checkpoints/open-checkpoint.ts');
const { openUnet } = await load('src/networks/unet.ts');
const { unetWork } = await load('scripts/bench/networks/unet-work.ts');

/** Of the clock and of the processor. */
async function measured<Made>(work: () => Promise<Made>) {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  const made = await work();
  const { user, system } = process.cpuUsage(cpu);
  return { made, wall: (performance.now() - start) / 1000, cpu: (user + system) / 1e6 };
}

const opened = await openCheckpoint(checkpoint);
const { input, timeIdCount } = unetWork(opened, Number(side));
const loading = await measured(() => openUnet(opened.unet, { device, timeIdCount }));
const unet = loading.made as { predictNoise(input: unknown): Promise<Float32Array> };
// Both begin to use memory and threads with it.
await unet.predictNoise(input);
const runs = [];
for (let step = 0; step < Number(steps); step++) runs.push(await measured(() => unet.predictNoise(input)));
const peak = readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\s*(\d+) kB/)![1];
console.log(
  JSON.stringify({
    ...{ load: loading.wall, 'CPU of load': loading.cpu, peak: Number(peak) / 2 ** 20 },
    ...{ step: median(runs.map(({ wall }) => wall)), 'CPU of step': median(runs.map(({ cpu }) => cpu)) },
  }),
);
process.exit(0);
