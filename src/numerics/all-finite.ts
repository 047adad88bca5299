import { createKernelBuilder } from './kernel-builder.ts';
import { type Code, doWhile, f32x4, get, i32, set, v128 } from './wasm-code.ts';

/** Vectors of one turn of the loop, each with a sum of its own, so that none waits for another. */
const vectors = 8;
const lanes = 4 * vectors;
/** Numbers of a piece that is looked at at once. */
const piece = 8192;
const statusAt = 1008;
const numbersStart = statusAt + 16;

const builder = createKernelBuilder(1);
const { index } = builder;
const sums = Array.from({ length: vectors }, () => builder.vector());
const zero = builder.constant(new Float32Array(4));
const numbersAt = i32.shiftLeft(get(index), 2);
const kernel = builder.instantiate(
  [
    ...doWhile(
      [
        ...sums.flatMap((sum, at) =>
          set(sum, f32x4.add(get(sum), f32x4.multiply(v128.loadAt(numbersAt, numbersStart + 16 * at), zero))),
        ),
        ...set(index, i32.add(get(index), i32.constant(lanes))),
      ],
      i32.lessUnsigned(get(index), get(builder.parameters[0]!)),
    ),
    ...v128.store(
      ...([i32.constant(0), statusAt] as const),
      sums.map((sum) => get(sum)).reduce((all, sum): Code => f32x4.add(all, sum)),
    ),
  ],
  statusAt,
);
const input = new Float32Array(kernel.memory.buffer, numbersStart, piece);
const status = new Float32Array(kernel.memory.buffer, statusAt, 4);

/**
 * Whether no number is NaN or infinite. A product with 0 is 0 of finite ones alone, and so is their sum.
 */
export function allFinite(numbers: Float32Array): boolean {
  for (let start = 0; start < numbers.length; start += piece) {
    const part = numbers.subarray(start, start + piece);
    input.set(part);
    input.fill(0, part.length, Math.min(piece, part.length + lanes));
    kernel.run(part.length);
    if (status.some(Number.isNaN)) return false;
  }
  return true;
}
