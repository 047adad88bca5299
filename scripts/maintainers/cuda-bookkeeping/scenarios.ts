import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openCheckpoint } from '../../../src/checkpoints/open-checkpoint.ts';
import { writeTinyCheckpoints } from '../../../src/checkpoints/synthetic/tiny-checkpoint.ts';
import { clipTextGraph } from '../../../src/graphs/clip.ts';
import { graphBuilder } from '../../../src/graphs/graph.ts';
import { layersFor } from '../../../src/networks/layers-for.ts';
import { openCudaArena } from '../../../src/networks/runtime/cuda/cuda-arena.ts';
import { cudaDevices } from '../../../src/networks/runtime/cuda/cuda-devices.ts';
import { cudaGraphs } from '../../../src/networks/runtime/cuda/cuda-graphs.ts';
import { allocateCuda, cudaMemoryInfo } from '../../../src/networks/runtime/cuda/cuda-memory.ts';
import type { CudaOptions } from '../../../src/networks/runtime/cuda/cuda-options.ts';
import {
  type InferenceSession,
  openInferenceSession,
} from '../../../src/networks/runtime/inference-session.ts';
import { loadLibrary } from '../../../src/networks/runtime/library.ts';
import { openSession } from '../../../src/networks/runtime/session.ts';
import { placeOf, type TensorValue, valueOverDevice } from '../../../src/networks/runtime/tensor-values.ts';
import { encodeModel } from '../../../src/onnx/onnx-proto.ts';
import type { Findings, Mark } from './calls.ts';
import { fiveCheckpoints } from './five-checkpoints.ts';
import { lorasOnDevice } from './loras-on-device.ts';
import { mixedDevices } from './mixed-devices.ts';
import { unetsInOwnMemory } from './own-weights.ts';
import { networksSideBySide } from './side-by-side.ts';

/** Rows of the weight: 4 MiB of float32. */
const side = 1024;
const weightBytes = 4 * side * side;

/**
 * x times weight, twice, with what cuDNN is not needed for; the number of rows of x may differ from run to
 * run.
 */
const weight = new Uint8Array(weightBytes);
function model(): Uint8Array {
  const node = (op: string, output: string, ...inputs: string[]) => ({
    ...{ name: output, domain: '', op, inputs, outputs: [output], attributes: {} },
  });
  const port = (name: string) => ({ name, dataType: 'float32' as const, shape: ['rows', side] });
  return encodeModel({
    name: 'products',
    opsets: { '': 18 },
    inputs: [port('x')],
    outputs: [port('y')],
    initializers: [{ name: 'weight', dataType: 'float32', shape: [side, side], data: weight }],
    nodes: [
      node('MatMul', 'a', 'x', 'weight'),
      node('Sigmoid', 'b', 'a'),
      node('Mul', 'c', 'a', 'b'),
      node('MatMul', 'y', 'c', 'weight'),
    ],
  });
}

interface More extends CudaOptions {
  readonly initializers?: Readonly<Record<string, TensorValue>>;
}

function open({ initializers = {}, ...cuda }: More = {}): Promise<InferenceSession> {
  return openInferenceSession(model(), {
    device: 'cuda:0',
    cuda,
    initializers,
    config: { disable_cpu_ep_fallback: '1', use_device_allocator_for_initializers: '1' },
  });
}

const rows = (count: number) => ({ x: { data: new Float32Array(count * side), shape: [count, side] } });

const arena = (session: InferenceSession): Findings => {
  const { InUse, TotalAllocated, NumArenaExtensions } = session.arenaStatistics();
  return { InUse: InUse!, TotalAllocated: TotalAllocated!, NumArenaExtensions: NumArenaExtensions! };
};

/** A run that is too large for the limit of memory, and a smaller one after it. */
async function beyondAndWithin(session: InferenceSession, mark: Mark): Promise<Findings> {
  mark('too large');
  const failure = await session.run(rows(4096)).then(
    () => 'none',
    (error: Error) => error.message,
  );
  mark('small');
  await session.run(rows(256));
  mark('end');
  const found = arena(session);
  await session.release();
  return { ...found, failure };
}

export const scenarios: Readonly<Record<string, (mark: Mark) => Promise<Findings>>> = {
  'one arena for three sessions': async (mark) => {
    const sessions = [await open(), await open(), await open()];
    const [first, ...others] = sessions;
    mark('first');
    await first!.run(rows(512));
    mark('others');
    for (const session of others) await session.run(rows(512));
    mark('end');
    const found = arena(first!);
    const same = others.every((session) => JSON.stringify(arena(session)) === JSON.stringify(found));
    for (const session of sessions) await session.release();
    return { ...found, same: String(same) };
  },

  shrinkage: async (mark) => {
    const session = await open();
    await session.run(rows(512));
    const before = arena(session).TotalAllocated!;
    mark('shrink');
    await session.run(rows(512), { shrink: true });
    mark('end');
    const after = arena(session).TotalAllocated!;
    await session.release();
    return { before, after };
  },

  'the arena of an idle device': async (mark) => {
    const device = await openCudaArena(0);
    const session = await open();
    await session.run(rows(512));
    const before = { arena: arena(session).TotalAllocated!, free: device.memory().free };
    mark('trim');
    await device.trim();
    mark('end');
    const after = { arena: arena(session).TotalAllocated!, free: device.memory().free };
    await session.run(rows(512));
    await session.release();
    await device.release();
    return {
      ...{ before: before.arena, after: after.arena, givenBack: after.free - before.free },
    };
  },

  'a limit of memory': async (mark) => {
    return beyondAndWithin(await open({ memoryLimit: 8 * 2 ** 20 }), mark);
  },

  'a limit for all sessions': async (mark) => {
    const device = await openCudaArena(0, { memoryLimit: 8 * 2 ** 20 });
    const found = await beyondAndWithin(await open(), mark);
    await device.release();
    return found;
  },

  graphs: async (mark) => {
    const session = await open({ graphs: true });
    const graphs = cudaGraphs(session, 0);
    for (const count of [256, 512]) {
      mark(`capture ${count}`);
      await graphs.capture(rows(count));
    }
    for (const count of [256, 512]) {
      mark(`replay ${count}`);
      for (let run = 0; run < 5; run++) await graphs.run(rows(count));
    }
    mark('no graph');
    for (let run = 0; run < 5; run++) await graphs.run(rows(384));
    mark('shrink');
    const refusal = await session.run(rows(384), { shrink: true }).then(
      () => 'none',
      (error: Error) => error.message,
    );
    mark('end');
    await session.release();
    graphs.free();
    return { refusal };
  },

  'a network of the product': async (mark) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'cuda-bookkeeping-'));
    const { base } = await writeTinyCheckpoints(directory);
    const { textEncoders } = await openCheckpoint(base);
    const component = textEncoders[0]!;
    const network = { device: 'cuda:0', cudaGraphs: true } as const;
    const { hidden_size: width, intermediate_size: inner } = component.config;
    const { tensors } = clipTextGraph(component.config, layersFor(network, 'float16'), false);
    // The part of a text encoder that cuDNN is not needed for.
    const graph = graphBuilder('mlp');
    const layers = layersFor(network, 'float16')(graph);
    const shape = ['batch', 77, width];
    const mlp = 'text_model.encoder.layers.0.mlp';
    const given = layers.valuesIn('x', graph.input('x', 'float32', shape));
    const hidden = layers.activation(mlp, 'quick_gelu', layers.linear(`${mlp}.fc1`, given, width, inner));
    graph.output('y', layers.valuesOut('y', layers.linear(`${mlp}.fc2`, hidden, inner, width)), shape);
    const options = { capturable: true, tensors };
    const session = await openSession(component, graph.finish(), network, options);
    const feeds = (batch: number) => ({
      x: { data: new Float32Array(batch * 77 * width), shape: [batch, 77, width] },
    });
    for (const batch of [1, 2]) {
      mark(`capture ${batch}`);
      await session.capture!(feeds(batch));
    }
    mark('replays');
    let filled = 0;
    const runInto = async (batch: number) => {
      const y = { data: new Float32Array(batch * 77 * width), shape: [batch, 77, width] };
      if ((await session.run(feeds(batch), undefined, { y })).y?.data === y.data) filled++;
    };
    for (const batch of [1, 2, 1, 2]) await runInto(batch);
    mark('no graph');
    await runInto(3);
    mark('cancelled');
    const failure = await session.run(feeds(1), AbortSignal.abort(new Error('cancelled'))).then(
      () => 'none',
      (error: Error) => error.message,
    );
    mark('again');
    await session.run(feeds(1));
    mark('end');
    await session.release();
    rmSync(directory, { recursive: true });
    return { failure, filled };
  },

  'networks in memory of ours': unetsInOwnMemory,

  'networks side by side': networksSideBySide,

  'five checkpoints': fiveCheckpoints,

  'LoRAs on the device': lorasOnDevice,

  'mixed devices': (mark) => mixedDevices(mark, () => open(), rows(256)),

  devices: async (mark) => {
    const [device, ...others] = cudaDevices();
    // So that there is a log of calls.
    allocateCuda(0, 256).free();
    mark('end');
    return { ...device!, others: others.length };
  },

  'weights of our own': async (mark) => {
    // Loads the provider, whose CUDA runtime the memory is taken from.
    await (await open()).release();
    const { free } = cudaMemoryInfo(0);
    const memory = allocateCuda(0, weightBytes);
    const taken = free - cudaMemoryInfo(0).free;
    memory.write(weight);
    const value = valueOverDevice(loadLibrary(), placeOf(0), memory.address, 'float32', [side, side]);
    mark('own');
    const own = await open();
    mark('given');
    const sessions = [
      await open({ initializers: { weight: value } }),
      await open({ initializers: { weight: value } }),
    ];
    mark('runs');
    for (const session of sessions) await session.run(rows(256));
    mark('end');
    for (const session of [own, ...sessions]) await session.release();
    value.release();
    memory.free();
    return { weightBytes, taken };
  },
};
