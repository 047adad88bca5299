/**
 * Our side of the comparison: a program for compare.ts. Reads its work from its argument, `run` lines from
 * its input.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { openCheckpoint } from '../../../src/checkpoints/open-checkpoint.ts';
import { readConfig } from '../../../src/config/config.ts';
import { parseTextToImage } from '../../../src/contract/bodies/bodies.ts';
import { baseName, refinerName } from '../../../src/contract/served-names.ts';
import { loadModels } from '../../../src/installation/load-models.ts';
import { createNetworkPool } from '../../../src/installation/network-pool.ts';
import { parseDevice } from '../../../src/networks/runtime/device.ts';
import { runtimeVersion } from '../../../src/networks/runtime/runtime.ts';
import { openUnet } from '../../../src/networks/unet.ts';
import type { Models } from '../../../src/pipelines/models.ts';
import { chunkPrompts } from '../../../src/text/chunks.ts';
import { createSdxlGenerator } from '../../../workers/engine/sdxl-generator.ts';
import { unetWork } from '../networks/unet-work.ts';
import type { Ready, Run, Work } from './work.ts';

interface Made {
  readonly tokens?: Ready['tokens'];
  /** Does the work once and gives what it made. */
  readonly run: () => Promise<Uint8Array>;
}

const networkOptions = ({ device, threads }: Work) => ({
  device: parseDevice(device),
  // As an engine has them by default.
  ...{ vaePrecision: 'float16' as const, cudaGraphs: true },
  ...(threads === undefined ? {} : { threads }),
});

async function unetStep(work: Work): Promise<Made> {
  const checkpoint = await openCheckpoint(work.checkpoint);
  const { input, timeIdCount } = unetWork(checkpoint, work.side);
  const unet = await openUnet(checkpoint.unet, { ...networkOptions(work), timeIdCount });
  await unet.capture?.(input);
  return {
    run: async () => {
      const { buffer, byteOffset, byteLength } = await unet.predictNoise(input);
      return new Uint8Array(buffer, byteOffset, byteLength);
    },
  };
}

function tokensOf({ textStages }: Models, prompts: readonly string[]): number[][] {
  const chunks = chunkPrompts(
    prompts,
    textStages.map(({ tokenizer }) => tokenizer),
  );
  return chunks.flatMap((byPrompt) => byPrompt.map(([chunk]) => [...chunk!.ids]));
}

/**
 * Everything of a request but the queue. The prompt is encoded anew for each picture, as the other side does.
 */
async function image(work: Work): Promise<Made> {
  const { checkpoint, refiner, side, picture } = work;
  const options = networkOptions(work);
  // As in an engine: what base and refiner share is loaded once.
  const places = { pool: createNetworkPool() };
  const models = new Map([[baseName, await loadModels(checkpoint, options, undefined, places)]]);
  if (refiner !== undefined) models.set(refinerName, await loadModels(refiner, options, undefined, places));
  const config = readConfig();
  const request = parseTextToImage(
    {
      prompt: picture.prompt,
      scheduler: 'Euler',
      num_inference_steps: picture.steps,
      guidance_scale: picture.guidanceScale,
      high_noise_fraction: picture.highNoiseFraction,
      seed: picture.seed,
      rng: 'torch-cpu',
      refiner: refiner !== undefined,
      img_width: side,
      img_height: side,
    },
    { drawSeed: () => picture.seed, rng: 'torch-cpu' },
    true,
  );
  return {
    tokens: [...models.values()].map((each) => tokensOf(each, [picture.prompt, ''])),
    run: async () => {
      // A new generator has an empty prompt cache.
      const generator = createSdxlGenerator(models, config);
      const { pictures } = await generator.generate(request, {
        inputImage: undefined,
        progress: async () => undefined,
        signal: new AbortController().signal,
      });
      return pictures[0]!.bytes;
    },
  };
}

const { output, ...work } = JSON.parse(process.argv[2]!) as Work & { output: string };
const say = (message: Ready | Run) => process.stdout.write(`${JSON.stringify(message)}\n`);
const peakMegabytes = () =>
  Number(readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\s*(\d+) kB/)![1]) / 1024;

let start = performance.now();
const { tokens, run } = await (work.kind === 'unet-step' ? unetStep(work) : image(work));
say({ name: runtimeVersion, loadSeconds: (performance.now() - start) / 1000, ...(tokens && { tokens }) });
for await (const _ of createInterface({ input: process.stdin })) {
  start = performance.now();
  const before = process.cpuUsage();
  const made = await run();
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  say({ seconds, cpuSeconds: (user + system) / 1e6, peakMegabytes: peakMegabytes() });
  writeFileSync(output, made);
}
process.exit(0);
