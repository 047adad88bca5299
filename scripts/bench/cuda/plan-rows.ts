/**
 * A picture under the memory plan that an engine chooses for MODELS_DIR on DEVICE with DEVICE_MEMORY_LIMIT: a
 * program for cuda.ts, whose arguments are the side and the steps; its rows are lines of JSON. The latents of
 * its picture are told by their hash: with DETERMINISTIC=on those of plans whose text encoders are on the
 * device must be the same.
 */
import { readConfig } from '../../../src/config/config.ts';
import { parseTextToImage } from '../../../src/contract/bodies/bodies.ts';
import { openSdxlGenerator } from '../../../workers/engine/open-generator.ts';
import type { EngineRow } from './engine-work.ts';

const [side, steps] = process.argv.slice(2).map(Number);
const config = readConfig();
const say = (row: EngineRow): void => {
  process.stdout.write(`${JSON.stringify(row)}\n`);
};
const name = config.deviceMemoryLimit === undefined ? 'all' : process.env.DEVICE_MEMORY_LIMIT;
const prefix = `with ${name} of the device's memory`;

let start = performance.now();
const generator = await openSdxlGenerator(config);
say({ row: `${prefix}: load`, unit: 's', value: (performance.now() - start) / 1000 });
const request = parseTextToImage(
  {
    ...{ prompt: 'a lighthouse', seed: 1, num_inference_steps: steps, img_width: side, img_height: side },
    refiner: generator.capabilities.refiner,
  },
  { drawSeed: () => 1, rng: 'philox' },
  true,
);
let latents = '';
for (let run = 0; run < 2; run++) {
  start = performance.now();
  const { pictures } = await generator.generate(request, {
    inputImage: undefined,
    progress: async () => undefined,
    signal: new AbortController().signal,
  });
  latents = pictures[0]!.latentSha256;
}
say({ row: `${prefix}: picture of ${steps} steps`, unit: 's', value: (performance.now() - start) / 1000 });
const plan = generator.memory?.();
if (plan?.estimatedBytes !== undefined)
  say({ row: `${prefix}: estimated`, unit: 'GB', value: plan.estimatedBytes / 1e9 });
if (plan !== undefined) {
  const said = `${prefix}: plan ${plan.plan}; latents ${latents.slice(0, 12)}`;
  process.stdout.write(`{"plan":${JSON.stringify(said)}}\n`);
}
process.exit(0);
