/**
 * Seconds in which an engine of a checkout has loaded what it serves: a program for against.ts, whose
 * arguments are the checkout, the models folder and the device.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const [root, modelsDir, device] = process.argv.slice(2) as [string, string, string];
const load = (file: string) => import(path.join(root, file));
// Where openSdxlGenerator was before it had a file of its own.
const places = ['workers/engine/open-generator.ts', 'workers/engine/sdxl-generator.ts'];
const place = places.find((file) => existsSync(path.join(root, file)));
if (place === undefined) throw new Error(`${root}: none of ${places.join(' and ')}`);
const { openSdxlGenerator } = await load(place);
const { readConfig } = await load('src/config/config.ts');

const start = performance.now();
const cpu = process.cpuUsage();
await openSdxlGenerator(readConfig({ MODELS_DIR: modelsDir, DEVICE: device }));
const seconds = (performance.now() - start) / 1000;
const { user, system } = process.cpuUsage(cpu);
const peak = readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\s*(\d+) kB/)![1];
console.log(
  JSON.stringify({ load: seconds, 'CPU of load': (user + system) / 1e6, peak: Number(peak) / 2 ** 20 }),
);
process.exit(0);
