/**
 * Seconds to emit, load and run a UNet, a batch of two as in classifier-free guidance, and the process's peak
 * memory:
 *     node scripts/bench/unet.ts --checkpoint models/sdxl-base [--side 256] [--steps 3] [--noise noise.f32]
 * The same beside diffusers: peers/compare.ts.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openCheckpoint } from '../../src/checkpoints/open-checkpoint.ts';
import { placeWeights } from '../../src/graphs/place-weights.ts';
import { splitGraph } from '../../src/graphs/split-graph.ts';
import { parseDevice } from '../../src/networks/runtime/device.ts';
import { openUnet } from '../../src/networks/unet.ts';
import { encodeModel } from '../../src/onnx/onnx-proto.ts';
import { unetWork } from './networks/unet-work.ts';

const { values } = parseArgs({
  options: {
    checkpoint: { type: 'string' },
    side: { type: 'string', default: '256' },
    steps: { type: 'string', default: '3' },
    device: { type: 'string', default: 'cpu' },
    noise: { type: 'string' },
  },
});
if (values.checkpoint === undefined)
  throw new Error('--checkpoint is missing: the folder with model_index.json');

const seconds = (since: number) => ((performance.now() - since) / 1000).toFixed(2);
function cpuSeconds(): string {
  const { user, system } = process.cpuUsage();
  return `CPU so far: user ${(user / 1e6).toFixed(1)} s, system ${(system / 1e6).toFixed(1)} s`;
}

const checkpoint = await openCheckpoint(values.checkpoint);

let start = performance.now();
const { graph, input, timeIdCount } = unetWork(checkpoint, Number(values.side));
const models = splitGraph(graph).map((part) => encodeModel(placeWeights(part, checkpoint.unet).model));
const megabytes = models.reduce((sum, model) => sum + model.length, 0) / 1e6;
console.log(`emit ${seconds(start)} s, ${models.length} models of ${megabytes.toFixed(1)} MB together`);

start = performance.now();
const unet = await openUnet(checkpoint.unet, { device: parseDevice(values.device), timeIdCount });
console.log(`load ${seconds(start)} s; ${cpuSeconds()}`);

for (let step = 1; step <= Number(values.steps); step++) {
  start = performance.now();
  const noise = await unet.predictNoise(input);
  console.log(`step ${step}, ${values.side} x ${values.side}: ${seconds(start)} s; ${cpuSeconds()}`);
  if (values.noise !== undefined) writeFileSync(values.noise, noise);
}
await unet.release();
console.log(readFileSync('/proc/self/status', 'utf8').match(/VmHWM.*/)?.[0]);
