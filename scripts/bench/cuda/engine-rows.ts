/**
 * Rows that our engine measures of itself, in a process of its own: a program for cuda.ts. Its argument is
 * EngineWork as JSON; each row is a line of JSON, so that a process which is ended has told what it had.
 */
import { createHash } from 'node:crypto';
import { parseTextToImage } from '../../../src/contract/bodies/bodies.ts';
import type { TextToImageRequest } from '../../../src/contract/generation.ts';
import { baseName, refinerName } from '../../../src/contract/served-names.ts';
import { type LoadedModels, loadModels } from '../../../src/installation/load-models.ts';
import { createNetworkPool } from '../../../src/installation/network-pool.ts';
import { isExported, openLocation } from '../../../src/installation/open-model.ts';
import { createWarmUps } from '../../../src/installation/warm-up.ts';
import type { Unet, UnetInput, VaeDecoder } from '../../../src/networks/networks.ts';
import { openCudaArena } from '../../../src/networks/runtime/cuda/cuda-arena.ts';
import { cudaWeights } from '../../../src/networks/runtime/cuda/cuda-weights.ts';
import { cudaIndex, parseDevice } from '../../../src/networks/runtime/device.ts';
import { openInTurn, openTogether } from '../../../src/networks/runtime/open-all.ts';
import { createWeightCopier } from '../../../src/networks/runtime/weights/copy-weights.ts';
import { createSharedWeights } from '../../../src/networks/runtime/weights/shared-weights.ts';
import { createWeightSeat } from '../../../src/networks/runtime/weights/weight-seat.ts';
import type { Models } from '../../../src/pipelines/models.ts';
import { createSdxlGenerator } from '../../../workers/engine/sdxl-generator.ts';
import { median } from '../statistics.ts';
import type { EngineRow, EngineWork } from './engine-work.ts';
import { exchangeRow } from './exchange-row.ts';

const work = JSON.parse(process.argv[2]!) as EngineWork;
const say = (row: EngineRow): void => {
  process.stdout.write(`${JSON.stringify(row)}\n`);
};
/** One quantity that cannot be measured is told of, and the others are measured all the same. */
const attempt = async (what: string, run: () => Promise<unknown>): Promise<void> => {
  try {
    await run();
  } catch (error) {
    process.stdout.write(`{"problem":${JSON.stringify(`${what}: ${(error as Error).message}`)}}\n`);
  }
};
const device = parseDevice(work.device);
const index = cudaIndex(device);
if (index !== undefined) await openCudaArena(index);
const copier = index === undefined ? undefined : createWeightCopier(cudaWeights(index));
const options = {
  device,
  ...(copier && { weights: createSharedWeights(copier) }),
  ...{ deterministic: work.deterministic, cudaGraphs: work.cudaGraphs, vaePrecision: 'float16' as const },
};
const seconds = async (run: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await run();
  return (performance.now() - start) / 1000;
};
const repeated = async (runs: number, run: () => Promise<unknown>): Promise<number[]> => {
  const measured: number[] = [];
  for (let index = 0; index < runs + 2; index++) measured.push(await seconds(run));
  return measured.slice(2);
};
const hash = ({ buffer, byteOffset, byteLength }: Float32Array): string =>
  createHash('sha256')
    .update(new Uint8Array(buffer, byteOffset, byteLength))
    .digest('hex');

/** A guided step of text to image at the size asked for, on values that are the same each time. */
function stepOf({ unet, vaeDecoder, textStages }: Models): UnetInput {
  const side = work.side / vaeDecoder.factor;
  const numbers = (length: number): Float32Array =>
    Float32Array.from({ length }, (_, index) => Math.sin(index * 0.7) * 1.5);
  return {
    ...{ batch: 2, height: side, width: side, timestep: 500 },
    latents: numbers(2 * unet.channels * side * side),
    encoderHiddenStates: numbers(2 * textStages[0]!.encoder.tokens * unet.crossAttentionWidth),
    textEmbeds: numbers(2 * unet.pooledWidth),
    timeIds: numbers(2 * unet.timeIdCount).map(() => work.side),
  };
}

async function networkRows(name: 'base' | 'refiner', models: Models): Promise<void> {
  const input = stepOf(models);
  const steps = await repeated(work.runs, () => models.unet.predictNoise(input));
  say({
    row: `step of the ${name}`,
    unit: 'ms',
    value: 1000 * median(steps),
    samples: steps.map((s) => 1000 * s),
  });
  await attempt(`equal steps of the ${name}`, async () => {
    const hashes = new Set<string>();
    for (let run = 0; run < work.repetitions; run++) hashes.add(hash(await models.unet.predictNoise(input)));
    say({
      row: `different results of ${work.repetitions} equal steps of the ${name}`,
      unit: '',
      value: hashes.size,
    });
  });
  if (name === 'refiner') return;
  await attempt('VAE decode', () => decodeRow(models.vaeDecoder, input.latents));
  await attempt('cancel', () => cancelRow(models.unet, input, median(steps)));
}

async function decodeRow(decoder: VaeDecoder, from: Float32Array): Promise<void> {
  const side = work.side / decoder.factor;
  const latents = from.slice(0, decoder.channels * side * side);
  const decodes = await repeated(5, () => decoder.decode(latents, side, side));
  say({
    row: 'VAE decode',
    unit: 'ms',
    value: 1000 * median(decodes),
    samples: decodes.map((s) => 1000 * s),
  });
}

/**
 * How long a step that is cancelled in its middle goes on, and whether the next gives what it gave before.
 */
async function cancelRow(unet: Unet, input: UnetInput, stepSeconds: number): Promise<void> {
  const before = await unet.predictNoise(input);
  const waits: number[] = [];
  for (let run = 0; run < 5; run++) {
    const cancel = new AbortController();
    const step = unet.predictNoise(input, cancel.signal).then(
      () => undefined,
      () => undefined,
    );
    await new Promise((resolve) => setTimeout(resolve, (1000 * stepSeconds) / 2));
    cancel.abort(new Error('cancelled'));
    waits.push(1000 * (await seconds(() => step)));
  }
  say({ row: 'cancelled step goes on for', unit: 'ms', value: Math.max(...waits), samples: waits });
  const after = await unet.predictNoise(input);
  const largest = after.reduce((most, value, index) => Math.max(most, Math.abs(value - before[index]!)), 0);
  if (!(largest < 0.1)) throw new Error(`after a cancel a step differs by ${largest}`);
}

const request = (seed: number, hasRefiner: boolean): TextToImageRequest =>
  parseTextToImage(
    {
      ...{ prompt: 'a photograph of an astronaut riding a horse', scheduler: 'Euler', seed },
      ...{ num_inference_steps: work.steps, guidance_scale: 7.5, refiner: hasRefiner },
      ...{ img_width: work.side, img_height: work.side },
    },
    { drawSeed: () => seed, rng: 'philox' },
    true,
  );

async function requestRows(models: ReadonlyMap<string, Models>): Promise<void> {
  const generator = createSdxlGenerator(models, {
    ...options,
    ...{ engineBatch: 1, promptEmphasis: 'no-norm', promptMaxChunks: 16 },
  });
  const make = (seed: number, computed?: () => void) =>
    generator.generate(request(seed, models.has(refinerName)), {
      inputImage: undefined,
      progress: async () => undefined,
      signal: new AbortController().signal,
      ...(computed && { computed }),
    });
  const hashes = new Set<string>();
  for (let run = 0; run < work.pictureRepetitions; run++)
    hashes.add((await make(1)).pictures[0]!.latentSha256);
  say({
    row: `different pictures of ${work.pictureRepetitions} equal requests`,
    unit: '',
    value: hashes.size,
  });

  const stages: Record<string, number> = {};
  const made: ReturnType<typeof make>[] = [];
  const total = await seconds(async () => {
    for (let seed = 0; seed < work.queue; seed++) {
      // As an engine does on a GPU: the next one begins while one is encoded.
      await made.at(-2);
      await new Promise<void>((resolve, reject) => {
        const one = make(seed, resolve);
        one.then(() => resolve(), reject);
        made.push(one);
      });
    }
    await Promise.all(made);
  });
  for (const { stageSeconds } of await Promise.all(made))
    for (const [stage, spent] of Object.entries(stageSeconds)) stages[stage] = (stages[stage] ?? 0) + spent;
  const networks = (stages.base ?? 0) + (stages.refiner ?? 0) + (stages.vaeDecode ?? 0);
  say({ row: `picture, of ${work.queue} in a queue`, unit: 's', value: total / work.queue });
  say({ row: 'share of the queue that is UNet and VAE', unit: '', value: networks / total });
  for (const [stage, spent] of Object.entries(stages))
    say({ row: `picture: ${stage}`, unit: 's', value: spent / work.queue });
}

const pool = createNetworkPool();
const models = new Map<string, LoadedModels>();
say({
  row: work.refiner === undefined ? 'load of the base' : 'load of base and refiner',
  unit: 's',
  value: await seconds(async () => {
    const together = index !== undefined;
    const places = { pool, together, warmUps: createWarmUps() };
    const wanted = [[baseName, work.base] as const, [refinerName, work.refiner] as const];
    const openers = wanted.flatMap(([name, location]) =>
      location === undefined
        ? []
        : async () => {
            const loaded = await loadModels(location, options, undefined, places);
            models.set(name, loaded);
            return loaded;
          },
    );
    await (together ? openTogether : openInTurn)(openers);
  }),
});
await attempt('steps of the base', () => networkRows('base', models.get(baseName)!));
if (work.refiner !== undefined)
  await attempt('steps of the refiner', () => networkRows('refiner', models.get(refinerName)!));
if (work.queue > 0) await attempt('requests', () => requestRows(models));
await attempt('exchange', async () => {
  const input = stepOf(models.get(baseName)!);
  for (const { release } of models.values()) await release();
  const [base, refiner] = [await openLocation(work.base), work.refiner && (await openLocation(work.refiner))];
  if (!isExported(base) && !(refiner && isExported(refiner)))
    say(await exchangeRow(base, refiner || undefined, input, options, copier && createWeightSeat(copier)));
});
process.exit(0);
