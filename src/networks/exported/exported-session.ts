import { CheckpointError } from '../../checkpoints/checkpoint-error.ts';
import type { Device } from '../runtime/device.ts';
import { openInferenceSession } from '../runtime/inference-session.ts';
import type { NetworkOptions } from '../runtime/session.ts';
import type { SessionPort } from '../runtime/session-ports.ts';
import type { Tensor } from '../runtime/tensor-values.ts';

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

export interface ExportedRunOptions {
  /** Outputs; by default those that the session was opened for. */
  readonly wanted?: readonly string[];
  /** As a network's. */
  readonly signal?: AbortSignal | undefined;
}

export interface ExportedSession {
  readonly inputs: ReadonlyMap<string, ExportedPort>;
  readonly outputs: ReadonlyMap<string, ExportedPort>;
  /** Inputs are converted to the graph's element types, outputs to float32. */
  run(
    feeds: Readonly<Record<string, Feed>>,
    options?: ExportedRunOptions,
  ): Promise<Readonly<Record<string, Float32Array>>>;
  release(): Promise<void>;
}

/** How values become a tensor's numbers, by the graph's element type. Fractions go to the nearest integer. */
const convert: Readonly<Record<string, (values: Feed['values']) => Tensor['data']>> = {
  float32: (values) => (values instanceof Float32Array ? values : Float32Array.from(values)),
  float16: (values) => Float16Array.from(values),
  float64: (values) => Float64Array.from(values),
  int64: (values) => BigInt64Array.from(values, (value) => BigInt(Math.round(value))),
  int32: (values) => Int32Array.from(values, Math.round),
};

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
  const session = await openInferenceSession(modelFile, {
    device,
    ...(threads === undefined ? {} : { threads }),
  }).catch((cause: unknown) => refuse(modelFile, device, cause));
  const ports = portsOf(session.inputs);
  const results = portsOf(session.outputs);
  const complaint = complaintOf(ports, results, inputs, outputs);
  if (complaint !== undefined) {
    await session.release();
    throw new CheckpointError(`${modelFile}: ${complaint}`);
  }
  return {
    inputs: ports,
    outputs: results,
    release: () => session.release(),
    run: async (feeds, { wanted = outputs, signal } = {}) => {
      const tensors = Object.fromEntries(
        Object.entries(feeds).map(([name, { values, shape }]) => [
          name,
          { data: convert[ports.get(name)!.type]!(values), shape },
        ]),
      );
      const made = await session.run(tensors, { outputs: wanted, signal });
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
  const strange = [...ports].find(([, { type }]) => convert[type] === undefined);
  if (strange !== undefined) return `input ${strange[0]} is ${strange[1].type}, which is not supported`;
  const absent = outputs.find((name) => !results.has(name));
  return absent === undefined ? undefined : `no output ${absent}; its outputs are ${list(results)}`;
}

function refuse(modelFile: string, device: Device, cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause);
  throw new Error(`${modelFile}: cannot be loaded on ${device}: ${reason}`, { cause });
}

function portsOf(ports: readonly SessionPort[]): Map<string, ExportedPort> {
  return new Map(ports.map(({ name, type, shape }) => [name, { type, shape }]));
}

function floatsOf(name: string, { data }: Tensor, modelFile: string): Float32Array {
  if (data instanceof Float32Array) return data;
  if (data instanceof Float16Array || data instanceof Float64Array) return Float32Array.from(data);
  throw new CheckpointError(`${modelFile}: output ${name} holds no real numbers`);
}
