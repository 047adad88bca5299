import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/**
 * One ONNX Runtime session in a thread of its own: create() and run() of onnxruntime-node 1.30 block their thread from
 * beginning to end.
 */
export interface ThreadStart {
  readonly model: Uint8Array;
  readonly options: InferenceSession.SessionOptions;
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

/** Answers with the outputs or the error's text; never throws, so that the session survives a refused input. */
async function answer(work: () => Promise<NumberTensors>): Promise<void> {
  try {
    post({ outputs: await work() });
  } catch (error) {
    post({ error: error instanceof Error ? error.message : String(error) });
  }
}

const { model, options } = workerData as ThreadStart;
let session: InferenceSession;

await answer(async () => {
  session = await InferenceSession.create(model, options);
  return {};
});

parentPort!.on('message', ({ inputs }: ThreadRequest) =>
  answer(async () =>
    mapValues(await session.run(mapValues(inputs, toRuntime)), (tensor, name) => fromRuntime(name, tensor)),
  ),
);
