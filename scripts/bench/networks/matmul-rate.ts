import { openInferenceSession } from '../../../src/networks/runtime/inference-session.ts';
import { encodeModel } from '../../../src/onnx/onnx-proto.ts';

export interface MatmulOptions {
  readonly rows?: number;
  readonly inner?: number;
  readonly columns?: number;
  /** By default one per physical core. */
  readonly threads?: number;
  readonly runs?: number;
}

/**
 * What the machine can do through the same runtime: float32 operations per second of one large matrix product
 * with constant weights, as a linear layer has them, run by run after one to warm up. The largest is the rate
 * that networks are held to: nothing but products runs faster, and other work on the machine only takes away.
 */
export async function matmulRates(options: MatmulOptions = {}): Promise<number[]> {
  const { rows = 2048, inner = 2048, columns = 2048, threads, runs = 12 } = options;
  const weight = Float32Array.from({ length: inner * columns }, (_, index) => Math.sin(index));
  const port = (name: string, shape: readonly number[]) => ({ name, dataType: 'float32' as const, shape });
  const model = encodeModel({
    name: 'product',
    opsets: { '': 21, 'com.microsoft': 1 },
    inputs: [port('x', [rows, inner])],
    outputs: [port('product', [rows, columns])],
    initializers: [{ ...port('weight', [columns, inner]), data: new Uint8Array(weight.buffer) }],
    nodes: [
      {
        name: 'product',
        domain: 'com.microsoft',
        op: 'FusedMatMul',
        inputs: ['x', 'weight'],
        outputs: ['product'],
        attributes: { transB: { i: 1 } },
      },
    ],
  });
  const session = await openInferenceSession(model, {
    device: 'cpu',
    ...(threads === undefined ? {} : { threads }),
  });
  const x = {
    data: Float32Array.from({ length: rows * inner }, (_, index) => Math.cos(index)),
    shape: [rows, inner],
  };
  const rates: number[] = [];
  for (let run = 0; run <= runs; run++) {
    const start = performance.now();
    await session.run({ x });
    rates.push((2 * rows * inner * columns) / ((performance.now() - start) / 1000));
  }
  await session.release();
  return rates.slice(1);
}
