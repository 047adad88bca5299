import type { Precision } from '../../graphs/graph.ts';
import type { PlacedModel } from '../../graphs/place-weights.ts';
import { expandFused } from '../../graphs/testing/expand-fused.ts';
import { encodeModel, type Model } from '../../onnx/onnx-proto.ts';
import { openInferenceSession } from '../runtime/inference-session.ts';
import type { Tensors } from '../runtime/tensor-values.ts';

/** Runs a model once on the CPU, what only CUDA has a kernel for written out (see expandFused). For tests. */
export async function runExpanded(
  { model, folder }: PlacedModel,
  precision: Precision,
  inputs: Tensors,
): Promise<Readonly<Record<string, Float32Array>>> {
  return run(expandFused(model, precision), folder, inputs);
}

/** Runs a model once on the CPU as it is. @throws Error of the runtime where it has no kernel. */
export async function run(
  model: Model,
  folder: string,
  inputs: Tensors,
): Promise<Readonly<Record<string, Float32Array>>> {
  const session = await openInferenceSession(encodeModel(model), {
    device: 'cpu',
    level: 'basic',
    threads: 1,
    log: 'fatal',
    config: { model_external_initializers_file_folder_path: folder },
  });
  try {
    const outputs = await session.run(inputs);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data }]) => [name, data as Float32Array]),
    );
  } finally {
    await session.release();
  }
}

/** Largest difference over the largest absolute value expected. */
export function relativeDifference(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length)
    throw new Error(`${actual.length} values where ${expected.length} are expected`);
  const largest = (values: Float32Array) =>
    values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return largest(actual.map((value, index) => value - expected[index]!)) / largest(expected);
}
