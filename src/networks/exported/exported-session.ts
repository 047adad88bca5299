import { InferenceSession, Tensor } from 'onnxruntime-node';
import { CheckpointError } from '../../checkpoints/checkpoint-error.ts';
import type { Device } from '../runtime/device.ts';
import { executionProviders } from '../runtime/execution-providers.ts';
import { idleThreads } from '../runtime/idle-threads.ts';
import type { NetworkOptions } from '../runtime/session.ts';

/** Values for an input of whatever element type the exporter chose. */
export interface Feed {
  readonly values: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** An input or output of an exported graph; a dimension with a name may differ from run to run. */
export interface ExportedPort {
  readonly type: string;
  readonly shape: readonly (number | string)[];
}

export interface ExportedSession {
  readonly inputs: ReadonlyMap<string, ExportedPort>;
  readonly outputs: ReadonlyMap<string, ExportedPort>;
  /** Inputs are converted to the graph's element types, outputs to float32. Blocks its thread. */
  run(
    feeds: Readonly<Record<string, Feed>>,
    wanted?: readonly string[],
  ): Promise<Readonly<Record<string, Float32Array>>>;
  release(): Promise<void>;
}

/** How values become a tensor, by the graph's element type. Fractions go to the nearest integer. */
const toTensor: Readonly<Record<string, (feed: Feed) => Tensor>> = {
  float32: ({ values, shape }) => new Tensor('float32', Float32Array.from(values), shape),
  float16: halfTensor,
  float64: ({ values, shape }) => new Tensor('float64', Float64Array.from(values), shape),
  int64: ({ values, shape }) =>
    new Tensor(
      'int64',
      BigInt64Array.from(values, (value) => BigInt(Math.round(value))),
      shape,
    ),
  int32: ({ values, shape }) => new Tensor('int32', Int32Array.from(values, Math.round), shape),
};

/**
 * Tensor turns every float16 datum into a Float16Array, of which the binding of onnxruntime-node 1.30 sees no
 * bytes; it takes their bits as Uint16Array.
 */
function halfTensor({ values, shape }: Feed): Tensor {
  const bits = new Uint16Array(Float16Array.from(values).buffer);
  return Object.create(new Tensor('float16', bits, shape), { data: { value: bits } });
}

/**
 * Loads an exported model by its path, as its weights may be larger than a message can be. Its files must
 * have been checked (see openExportedFolder).
 * @param inputs those that will be fed, all of which the graph must have, and no others.
 * @param outputs those it must have; runs give them unless told otherwise.
 * @throws CheckpointError naming the file and the input or output; Error naming file and device where the
 * runtime refuses.
 */
export async function openExportedSession(
  modelFile: string,
  inputs: readonly string[],
  outputs: readonly string[],
  { device, threads }: NetworkOptions,
): Promise<ExportedSession> {
  const session = await InferenceSession.create(modelFile, {
    executionProviders: executionProviders(device),
    graphOptimizationLevel: 'all',
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    extra: { session: idleThreads },
  }).catch((cause: unknown) => refuse(modelFile, device, cause));
  const ports = portsOf(session.inputMetadata);
  const results = portsOf(session.outputMetadata);
  const complaint = complaintOf(ports, results, inputs, outputs);
  if (complaint !== undefined) {
    await session.release();
    throw new CheckpointError(`${modelFile}: ${complaint}`);
  }
  return {
    inputs: ports,
    outputs: results,
    release: () => session.release(),
    run: async (feeds, wanted = outputs) => {
      const tensors = Object.fromEntries(
        Object.entries(feeds).map(([name, feed]) => [name, toTensor[ports.get(name)!.type]!(feed)]),
      );
      const made = await session.run(tensors, [...wanted]);
      return Object.fromEntries(wanted.map((name) => [name, floatsOf(name, made[name]!, modelFile)]));
    },
  };
}

function complaintOf(
  ports: ReadonlyMap<string, ExportedPort>,
  results: ReadonlyMap<string, ExportedPort>,
  inputs: readonly string[],
  outputs: readonly string[],
): string | undefined {
  const list = (of: ReadonlyMap<string, ExportedPort>) =>
    [...of].map(([name, { type }]) => `${name} (${type})`).join(', ');
  const missing = inputs.find((name) => !ports.has(name));
  if (missing !== undefined) return `no input ${missing}; its inputs are ${list(ports)}`;
  const surplus = [...ports.keys()].find((name) => !inputs.includes(name));
  if (surplus !== undefined)
    return `nothing is known about the input ${surplus}; its inputs are ${list(ports)}`;
  const strange = [...ports].find(([, { type }]) => toTensor[type] === undefined);
  if (strange !== undefined) return `input ${strange[0]} is ${strange[1].type}, which is not supported`;
  const absent = outputs.find((name) => !results.has(name));
  return absent === undefined ? undefined : `no output ${absent}; its outputs are ${list(results)}`;
}

function refuse(modelFile: string, device: Device, cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new Error(`${modelFile}: cannot be loaded on ${device}: ${reason}`, { cause });
}

function portsOf(metadata: readonly InferenceSession.ValueMetadata[]): Map<string, ExportedPort> {
  return new Map(
    metadata.map((port) => [
      port.name,
      port.isTensor ? { type: port.type, shape: port.shape } : { type: 'no tensor', shape: [] },
    ]),
  );
}

function floatsOf(name: string, { data, type }: Tensor, modelFile: string): Float32Array {
  if (data instanceof Float32Array) return data;
  if (data instanceof Float16Array || data instanceof Float64Array) return Float32Array.from(data);
  throw new CheckpointError(`${modelFile}: output ${name} is ${type}, which are no real numbers`);
}
