import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { openCheckpoint } from '../../src/checkpoints/open-checkpoint.ts';
import { encodeModel } from '../../src/graphs/onnx-proto.ts';
import { placeWeights } from '../../src/graphs/place-weights.ts';
import { portableLayers } from '../../src/graphs/portable-layers.ts';
import { splitGraph } from '../../src/graphs/split-graph.ts';
import { unetGraph } from '../../src/graphs/unet.ts';
import { parseDevice } from '../../src/networks/device.ts';
import { oracleNumbers } from '../../src/networks/oracle-inputs.ts';
import { openUnet } from '../../src/networks/unet.ts';

/*
 * Seconds to emit, load and run a UNet, a batch of two as in classifier-free guidance, and the process's peak memory:
 *     node scripts/bench/unet.ts --checkpoint models/sdxl-base [--side 256] [--steps 3] [--noise noise.f32]
 * unet-diffusers.py beside it does the same with diffusers and compares the noise files.
 */
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

const { unet: component, requiresAestheticsScore } = await openCheckpoint(values.checkpoint);
const { config } = component;
const timeIdCount = requiresAestheticsScore ? 5 : 6;
const pooledWidth =
  config.projection_class_embeddings_input_dim - timeIdCount * config.addition_time_embed_dim;

let start = performance.now();
const models = splitGraph(unetGraph(config, portableLayers, { pooledWidth, timeIdCount })).map((graph) =>
  encodeModel(placeWeights(graph, component).model),
);
const megabytes = models.reduce((sum, model) => sum + model.length, 0) / 1e6;
console.log(`emit ${seconds(start)} s, ${models.length} models of ${megabytes.toFixed(1)} MB together`);

start = performance.now();
const unet = await openUnet(component, { device: parseDevice(values.device), timeIdCount });
console.log(`load ${seconds(start)} s; ${cpuSeconds()}`);

const side = Number(values.side);
const latentSide = side / 8;
const timeIds = timeIdCount === 5 ? [side, side, 0, 0, 6] : [side, side, 0, 0, side, side];
const input = {
  latents: oracleNumbers([2, unet.channels, latentSide, latentSide], 1),
  batch: 2,
  height: latentSide,
  width: latentSide,
  timestep: 500,
  encoderHiddenStates: oracleNumbers([2, 77, unet.crossAttentionWidth], 2),
  textEmbeds: oracleNumbers([2, unet.pooledWidth], 3),
  timeIds: Float32Array.from([...timeIds, ...timeIds]),
};
for (let step = 1; step <= Number(values.steps); step++) {
  start = performance.now();
  const noise = await unet.predictNoise(input);
  console.log(`step ${step}, ${values.side} x ${values.side}: ${seconds(start)} s; ${cpuSeconds()}`);
  if (values.noise !== undefined) writeFileSync(values.noise, noise);
}
await unet.release();
console.log(readFileSync('/proc/self/status', 'utf8').match(/VmHWM.*/)?.[0]);
