/**
 * What a checkpoint's networks cost: reading its headers, emitting and loading the graphs, one call of each
 * network with its operations a second, memory. Everything is loaded at once, as in a worker.
 *     node scripts/bench/networks.ts --checkpoint models/sdxl-base [--side 1024] [--device cpu] [--threads 2] [--runs 3]
 * Prints a table; with --json the rows, for bench.ts, which runs this in a process of its own.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import type { Checkpoint } from '../../src/checkpoints/checkpoint.ts';
import { openCheckpoint } from '../../src/checkpoints/open-checkpoint.ts';
import { clipTextGraph, clipTextInputs } from '../../src/graphs/clip.ts';
import { placeWeights } from '../../src/graphs/place-weights.ts';
import { portableLayers } from '../../src/graphs/portable-layers.ts';
import { vaeGraph } from '../../src/graphs/vae.ts';
import { openClipTextEncoder } from '../../src/networks/clip-text-encoder.ts';
import { parseDevice } from '../../src/networks/runtime/device.ts';
import type { NetworkOptions } from '../../src/networks/runtime/session.ts';
import { oracleNumbers } from '../../src/networks/testing/oracle-inputs.ts';
import { openUnet } from '../../src/networks/unet.ts';
import { openVaeDecoder, openVaeEncoder } from '../../src/networks/vae.ts';
import { encodeModel } from '../../src/onnx/onnx-proto.ts';
import { chunkLength } from '../../src/text/chunks.ts';
import { countFlops } from './networks/flops.ts';
import { repeatedStepFlops, unetWork } from './networks/unet-work.ts';
import type { Row, Unit } from './report/row.ts';
import { formatTable } from './report/table.ts';
import { median } from './statistics.ts';

export interface NetworksOptions extends NetworkOptions {
  /** Of the picture, in pixels. */
  readonly side: number;
  /** Calls of each network after one to warm up; their median counts. */
  readonly runs: number;
}

/** A network with one call of it. */
interface Loadable {
  readonly name: string;
  readonly call: string;
  readonly flops: number;
  load(): Promise<() => Promise<unknown>>;
}

/** Rows of one sample each. @param folder a checkpoint with weights (not exported ONNX networks). */
async function measureNetworks(folder: string, options: NetworksOptions): Promise<Row[]> {
  const rows: Row[] = [];
  const add = (name: string, unit: Unit, value: number, flops?: number) =>
    rows.push({ group: 'networks', name, unit, samples: [value], ...(flops === undefined ? {} : { flops }) });
  let start = performance.now();
  const elapsed = () => performance.now() - start;

  const checkpoint = await openCheckpoint(folder);
  add('read headers and configs', 'ms', elapsed());
  start = performance.now();
  const { graph } = unetWork(checkpoint, options.side);
  encodeModel(placeWeights(graph, checkpoint.unet).model);
  add("emit the UNet's graph", 'ms', elapsed());

  const loaded = [];
  for (const network of loadables(checkpoint, options)) {
    start = performance.now();
    loaded.push({ ...network, run: await network.load() });
    add(`load ${network.name}`, 's', elapsed() / 1000);
  }
  add('peak memory once loaded', 'MB', peakMegabytes());
  for (const { name, call, flops, run } of loaded) {
    await run();
    const times: number[] = [];
    for (let index = 0; index < options.runs; index++) {
      start = performance.now();
      await run();
      times.push(elapsed());
    }
    add(`${name}: ${call}`, 'ms', median(times), flops);
  }
  add('peak memory', 'MB', peakMegabytes());
  return rows;
}

function loadables(checkpoint: Checkpoint, options: NetworksOptions): Loadable[] {
  const { side } = options;
  const { unet, vae, textEncoders } = checkpoint;
  const work = unetWork(checkpoint, side);
  const picture = `${side} x ${side}`;
  const vaeChannels = vae.config.latent_channels;
  const latents = [1, vaeChannels, work.input.height, work.input.width];
  const pixels = [1, vae.config.in_channels, side, side];
  const ids = Int32Array.from({ length: chunkLength }, (_, index) => (index * 7919) % 1000);
  return [
    ...textEncoders.map((component): Loadable => {
      const { config, className, name } = component;
      const hasProjection = className.endsWith('WithProjection');
      const graph = clipTextGraph(config, portableLayers, hasProjection);
      // As in CLIP's vocabulary, which these configs are for, the last token ends the text.
      const prompt = ids.with(chunkLength - 1, Math.min(config.vocab_size - 1, 49407));
      return {
        name,
        call: 'a prompt of 77 tokens',
        flops: countFlops(graph, clipTextInputs(config, hasProjection)).total,
        load: async () => {
          const encoder = await openClipTextEncoder(component, options);
          return () => encoder.encodePrompt(prompt);
        },
      };
    }),
    {
      name: 'unet',
      call: `a guided step (2 samples) at ${picture}`,
      flops: repeatedStepFlops(work, options.device),
      load: async () => {
        const network = await openUnet(unet, { ...options, timeIdCount: work.timeIdCount });
        return () => network.predictNoise(work.input);
      },
    },
    {
      name: 'vae encoder',
      call: picture,
      flops: countFlops(vaeGraph(vae.config, 'encoder', portableLayers), { pixels }).total,
      load: async () => {
        const encoder = await openVaeEncoder(vae, options);
        const image = oracleNumbers(pixels, 5).map((value) => value / 1.7);
        return () => encoder.encode(image, side, side);
      },
    },
    {
      name: 'vae decoder',
      call: picture,
      flops: countFlops(vaeGraph(vae.config, 'decoder', portableLayers), { latents }).total,
      load: async () => {
        const decoder = await openVaeDecoder(vae, options);
        const values = oracleNumbers(latents, 6);
        return () => decoder.decode(values, work.input.height, work.input.width);
      },
    },
  ];
}

/** Largest resident memory of this process so far. */
export function peakMegabytes(): number {
  return Number(readFileSync('/proc/self/status', 'utf8').match(/VmHWM:\s*(\d+) kB/)![1]) / 1024;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      checkpoint: { type: 'string' },
      side: { type: 'string', default: '1024' },
      device: { type: 'string', default: 'cpu' },
      threads: { type: 'string' },
      runs: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
    },
  });
  if (values.checkpoint === undefined)
    throw new Error('--checkpoint is missing: the folder or file of weights');
  const rows = await measureNetworks(values.checkpoint, {
    side: Number(values.side),
    device: parseDevice(values.device),
    runs: Number(values.runs),
    ...(values.threads === undefined ? {} : { threads: Number(values.threads) }),
  });
  console.log(values.json ? JSON.stringify(rows) : formatTable(rows));
  process.exit(0);
}
