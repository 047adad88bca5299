import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKernelBuilder, type KernelBuilder } from './kernel-builder.ts';
import { doubles, rootOfMinusTwoLog, sine } from './vector-math.ts';
import { type Code, doWhile, f64x2, get, i32, i32x4, set, v128 } from './wasm-code.ts';

const outputStart = 1024;
const count = 4096;

/** float32 of a function at start + i * step, through a kernel made for it. */
function evaluate(
  statements: (builder: KernelBuilder, x: number) => Code[],
  start: number,
  step: number,
): Float32Array {
  const builder = createKernelBuilder(1);
  const { index } = builder;
  const x = builder.vector();
  const elements = i32x4.add(i32x4.splat(get(index)), builder.constant(Uint32Array.of(0, 1, 0, 1)));
  const body = doWhile(
    [
      ...set(x, f64x2.multiply(f64x2.fromLow32(elements), doubles(builder, step))),
      ...set(x, f64x2.add(get(x), doubles(builder, start))),
      ...statements(builder, x).flat(),
      ...v128.storeLow64(i32.shiftLeft(get(index), 2), outputStart, f64x2.toFloat32(get(x))),
      ...set(index, i32.add(get(index), i32.constant(2))),
    ],
    i32.lessUnsigned(get(index), get(builder.parameters[0]!)),
  );
  const kernel = builder.instantiate(body, outputStart);
  kernel.run(count);
  return new Float32Array(kernel.memory.buffer, outputStart, count);
}

test('the sine is right to the last bit of float32 over a whole turn', () => {
  const step = (2 * Math.PI) / (count - 1);
  for (const [i, value] of evaluate(sine, 0, step).entries())
    assert.ok(Math.abs(value - Math.sin(i * step)) < 6e-8, `sin ${i * step}: ${value}`);
});

test('the root of the logarithm is right to the last bits of float32 near 0, between, and near 1', () => {
  const smallest = 2 ** -33;
  const grids = [
    [smallest, smallest],
    [1 / count / 2, 1 / count],
    [1 - count * smallest, smallest],
  ] as const;
  for (const [start, step] of grids)
    for (const [i, value] of evaluate(rootOfMinusTwoLog, start, step).entries()) {
      const x = start + i * step;
      const expected = Math.sqrt(-2 * Math.log(x));
      assert.ok(Math.abs(value / expected - 1) < 1.2e-7, `at ${x}: ${value} for ${expected}`);
    }
});

test('constants that do not fit their room are refused', () => {
  const builder = createKernelBuilder(0);
  for (let i = 0; i < 3; i++) builder.constant(Float64Array.of(i, i));
  assert.throws(() => builder.instantiate([], 32), /3 constants need more than 32 bytes/);
});
