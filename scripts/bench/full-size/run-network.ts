/**
 * Our side: a program for full-size.ts, the counterpart of reference.py. Its memory goes back to the system
 * as it ends.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { networkLoaders } from '../../../src/installation/load-models.ts';
import { openLocation } from '../../../src/installation/open-model.ts';
import type { Job, Ran } from './job.ts';
import { networkOutputs } from './network-outputs.ts';

const { folder, network, side, smooth, out } = JSON.parse(process.argv[2]!) as Job;
const model = await openLocation(folder);
const load = networkLoaders(model, { device: 'cpu' });
const { outputs, loadSeconds, runSeconds } = await networkOutputs(model, load, network, { side, smooth });
mkdirSync(out, { recursive: true });
for (const [name, values] of Object.entries(outputs)) writeFileSync(path.join(out, `${name}.f32`), values);
const peak = readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\s*(\d+) kB/)![1];
const ran: Ran = {
  outputs: Object.keys(outputs),
  loadSeconds,
  runSeconds,
  peakMegabytes: Number(peak) / 1024,
};
console.log(JSON.stringify(ran));
