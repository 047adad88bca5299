import { createKernelBuilder, interleave } from './kernel-builder.ts';
import { doubles, rootOfMinusTwoLog, sine } from './vector-math.ts';
import { type Code, doWhile, f64x2, get, i32, i32x4, i64x2, set, v128 } from './wasm-code.ts';

/*
 * A draw of normals as WebAssembly vector code, eight values at a time. A step on a Brownian path takes about
 * twenty draws of the size of the picture; plain loops with Math.log and Math.sin took 7 ms for each at 128 x
 * 128 x 4.
 */

const multipliers = [0xd2511f53, 0xcd9e8d57] as const;
const weyl = [0x9e3779b9, 0xbb67ae85] as const;
const rounds = 10;
/** Philox blocks, of four lanes each, that go through a turn of the loop together. */
const blocks = 2;
const lanes = 4;

const builder = createKernelBuilder(4);
const [length, keyLow, keyHigh, draw] = builder.parameters as [number, number, number, number];
const { index, vector } = builder;
const key = [vector(), vector()] as const;

const same = (word: number): Code => builder.constant(Uint32Array.of(word, word, word, word));

/** The counter (draw, 0, element, 0) of four elements, and then their random words. */
type Counter = readonly [number, number, number, number];

function counterAt(counter: Counter, block: number): Code[] {
  const first = lanes * block;
  const elements = builder.constant(Uint32Array.of(first, first + 1, first + 2, first + 3));
  return [
    set(counter[0], i32x4.splat(get(draw))),
    set(counter[1], same(0)),
    set(counter[2], i32x4.add(i32x4.splat(get(index)), elements)),
    set(counter[3], same(0)),
  ];
}

/**
 * A round of Philox4x32 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3") without its key
 * step.
 */
function philoxRound([c0, c1, c2, c3]: Counter, products: Counter): Code[] {
  const [low0, high0, low1, high1] = products;
  const lowWords = (low: number, high: number) => v128.shuffle32(get(low), get(high), [0, 2, 4, 6]);
  const highWords = (low: number, high: number) => v128.shuffle32(get(low), get(high), [1, 3, 5, 7]);
  return [
    set(low0, i64x2.multiplyLow32(get(c0), same(multipliers[0]))),
    set(high0, i64x2.multiplyHigh32(get(c0), same(multipliers[0]))),
    set(low1, i64x2.multiplyLow32(get(c2), same(multipliers[1]))),
    set(high1, i64x2.multiplyHigh32(get(c2), same(multipliers[1]))),
    set(c2, v128.xor(v128.xor(get(c3), get(key[1])), highWords(low0, high0))),
    set(c3, lowWords(low0, high0)),
    set(c0, v128.xor(v128.xor(get(c1), get(key[0])), highWords(low1, high1))),
    set(c1, lowWords(low1, high1)),
  ];
}

const keyStep: Code = key.flatMap((local, i) => set(local, i32x4.add(get(local), same(weyl[i]!))));

/** A1111's float32 constant for 2 pi / 2^32. */
const angleUnit = Math.fround(2.3283064e-10 * 6.2831855);

/** Box-Muller's sine half on the first two words of two of four lanes, in float64, stored as float32. */
function boxMuller([c0, c1]: Counter, half: 0 | 1, address: number): Code[] {
  const [radius, angle] = [vector(), vector()];
  const uniform = (word: number, unit: number): Code => {
    const pair = half === 0 ? get(word) : v128.shuffle32(get(word), get(word), [2, 3, 2, 3]);
    return f64x2.add(
      f64x2.multiply(f64x2.fromLow32(pair), doubles(builder, unit)),
      doubles(builder, unit / 2),
    );
  };
  return [
    set(radius, uniform(c0, 2 ** -32)),
    set(angle, uniform(c1, angleUnit)),
    ...rootOfMinusTwoLog(builder, radius),
    ...sine(builder, angle),
    v128.storeLow64(
      i32.shiftLeft(get(index), 2),
      address,
      f64x2.toFloat32(f64x2.multiply(get(radius), get(angle))),
    ),
  ];
}

const newCounter = (): Counter => [vector(), vector(), vector(), vector()];
const counters = Array.from({ length: blocks }, newCounter);
const products = Array.from({ length: blocks }, newCounter);
/** Bytes for the constants; the values follow. */
const outputStart = 1024;

const body: Code = doWhile(
  [
    ...interleave(counters.map(counterAt)),
    ...set(key[0], i32x4.splat(get(keyLow))),
    ...set(key[1], i32x4.splat(get(keyHigh))),
    ...Array.from({ length: rounds }, () => [
      ...interleave(counters.map((counter, block) => philoxRound(counter, products[block]!))),
      ...keyStep,
    ]).flat(),
    ...interleave(
      counters.flatMap((counter, block) => [
        boxMuller(counter, 0, outputStart + block * 16),
        boxMuller(counter, 1, outputStart + block * 16 + 8),
      ]),
    ),
    ...set(index, i32.add(get(index), i32.constant(blocks * lanes))),
  ],
  i32.lessUnsigned(get(index), get(length)),
);

const kernel = builder.instantiate(body, outputStart);
const pageBytes = 65536;

/**
 * Fills `values` with draw number `drawIndex` of the generator whose 64-bit key is `seed`: value i comes from
 * the first two words of Philox4x32-10 at counter (drawIndex, 0, i, 0).
 */
export function fillPhiloxNormals(values: Float32Array, seed: number, drawIndex: number): void {
  const { memory, run } = kernel;
  const turns = Math.ceil(values.length / (blocks * lanes));
  const missing = outputStart + turns * blocks * lanes * 4 - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
  run(values.length, seed % 2 ** 32, Math.floor(seed / 2 ** 32), drawIndex);
  values.set(new Float32Array(memory.buffer, outputStart, values.length));
}
