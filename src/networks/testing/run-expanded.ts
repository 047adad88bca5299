import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { Precision } from '../../graphs/graph.ts';
import { encodeModel, type Model } from '../../graphs/onnx-proto.ts';
import type { PlacedModel } from '../../graphs/place-weights.ts';
import { expandFused } from '../../graphs/testing/expand-fused.ts';
import type { NumberTensor, NumberTensors } from '../runtime/session-thread.ts';

/** Runs a model once on the CPU, what only CUDA has a kernel for written out (see expandFused). For tests. */
export async function runExpanded(
  { model, folder }: PlacedModel,
  precision: Precision,
  inputs: NumberTensors,
): Promise<Readonly<Record<string, Float32Array>>> {
  return run(expandFused(model, precision), folder, inputs);
}

/** Runs a model once on the CPU as it is. @throws Error of the runtime where it has no kernel. */
export async function run(
  model: Model,
  folder: string,
  inputs: NumberTensors,
): Promise<Readonly<Record<string, Float32Array>>> {
  const session = await InferenceSession.create(encodeModel(model), {
    graphOptimizationLevel: 'basic',
    intraOpNumThreads: 1,
    logSeverityLevel: 4,
    extra: { session: { model_external_initializers_file_folder_path: folder } },
  });
  try {
    const outputs = await session.run(
      Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, toTensor(tensor)])),
    );
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]),
    );
  } finally {
    await session.release();
  }
}

function toTensor({ data, shape }: NumberTensor): Tensor {
  return data instanceof Float32Array ? new Tensor('float32', data, shape) : new Tensor('int64', data, shape);
}

/** Largest difference over the largest absolute value expected. */
export function relativeDifference(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length)
    throw new Error(`${actual.length} values where ${expected.length} are expected`);
  const largest = (values: Float32Array) =>
    values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return largest(actual.map((value, index) => value - expected[index]!)) / largest(expected);
}
