import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/**
 * One ONNX Runtime session in a thread of its own: create() and run() of onnxruntime-node 1.30 block their
 * thread from beginning to end.
 */
export interface ThreadStart extends RuntimeModel {
  readonly steady?: SteadyModel;
}

/** A model's bytes, and how to load it. */
export interface RuntimeModel {
  readonly model: Uint8Array;
  readonly options: InferenceSession.SessionOptions;
}

/**
 * A model whose outputs are further inputs of the thread's model. It runs when its own inputs differ from
 * those of the last run; until then its outputs stay where they are.
 */
export interface SteadyModel extends RuntimeModel {
  readonly inputs: readonly string[];
}

/** A tensor between threads. */
export interface NumberTensor {
  readonly data: Float32Array | BigInt64Array;
  readonly shape: readonly number[];
}

export type NumberTensors = Readonly<Record<string, NumberTensor>>;

export interface ThreadRequest {
  readonly inputs: NumberTensors;
}

/** The answer to the start (without outputs) or, in order, to a request. */
export type ThreadAnswer = { readonly outputs: NumberTensors } | { readonly error: string };

function toRuntime({ data, shape }: NumberTensor): Tensor {
  return data instanceof Float32Array ? new Tensor('float32', data, shape) : new Tensor('int64', data, shape);
}

function fromRuntime(name: string, tensor: Tensor): NumberTensor {
  if (!(tensor.data instanceof Float32Array))
    throw new Error(`output ${name} is ${tensor.type}, not float32`);
  return { data: tensor.data, shape: tensor.dims };
}

const mapValues = <From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From, name: string) => To,
) => Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value, name)]));

function post(answer: ThreadAnswer): void {
  const buffers =
    'outputs' in answer ? Object.values(answer.outputs).map(({ data }) => data.buffer as ArrayBuffer) : [];
  parentPort!.postMessage(answer, buffers);
}

/**
 * Answers with the outputs or the error's text; never throws, so that the session survives a refused input.
 */
async function answer(work: () => Promise<NumberTensors>): Promise<void> {
  try {
    post({ outputs: await work() });
  } catch (error) {
    post({ error: error instanceof Error ? error.message : String(error) });
  }
}

function isSame(a: NumberTensor, b: NumberTensor | undefined): boolean {
  if (b === undefined || a.data.length !== b.data.length) return false;
  for (let index = 0; index < a.data.length; index++) if (a.data[index] !== b.data[index]) return false;
  return a.shape.every((side, axis) => side === b.shape[axis]);
}

const { model, options, steady } = workerData as ThreadStart;
let session: InferenceSession;
let steadySession: InferenceSession | undefined;
/** What the steady model has last seen and made. */
let seen: NumberTensors = {};
let kept: InferenceSession.OnnxValueMapType = {};

await answer(async () => {
  session = await InferenceSession.create(model, options);
  if (steady !== undefined) steadySession = await InferenceSession.create(steady.model, steady.options);
  return {};
});

/** The inputs of the model: those that are not the steady model's, and what that makes of its own. */
async function feedsOf(inputs: NumberTensors): Promise<InferenceSession.OnnxValueMapType> {
  if (steady === undefined || steadySession === undefined) return mapValues(inputs, toRuntime);
  const [own, rest]: [Record<string, NumberTensor>, Record<string, NumberTensor>] = [{}, {}];
  for (const [name, tensor] of Object.entries(inputs))
    (steady.inputs.includes(name) ? own : rest)[name] = tensor;
  if (!Object.entries(own).every(([name, tensor]) => isSame(tensor, seen[name]))) {
    // Forgotten first: what a refused input leaves behind is never taken for its result.
    [seen, kept] = [{}, {}];
    kept = await steadySession.run(mapValues(own, toRuntime));
    seen = own;
  }
  return { ...mapValues(rest, toRuntime), ...kept };
}

parentPort!.on('message', ({ inputs }: ThreadRequest) =>
  answer(async () =>
    mapValues(await session.run(await feedsOf(inputs)), (tensor, name) => fromRuntime(name, tensor)),
  ),
);
