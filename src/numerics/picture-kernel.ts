import { createKernelBuilder } from './kernel-builder.ts';
import { type Code, doWhile, f32x4, get, i8x16, i16x8, i32, i32x4, set, v128 } from './wasm-code.ts';

/*
 * A picture's numbers as WebAssembly vector code, a piece of it at a time: of 1024 x 1024 pixels the bytes
 * took 16 ms in plain loops, and a look for NaN 5.
 */

/** Pixels of one turn of the loop: the bytes of a channel fill a vector. */
const lanes = 16;
/** Pixels of a piece, so that all of it lies in one page. */
const piece = 4096;
const planeBytes = piece * Float32Array.BYTES_PER_ELEMENT;
/** Bytes for the constants, of which the last 16 tell afterwards of numbers that are not finite. */
const planesStart = 1024;
const statusAt = planesStart - 16;
const bytesStart = planesStart + 3 * planeBytes;

const builder = createKernelBuilder(1);
const [length] = builder.parameters as [number];
const { index, vector } = builder;
const constant = (value: number): Code => builder.constant(Float32Array.of(value, value, value, value));

/** A product with 0 is 0 of finite numbers alone, NaN of all others; so is a sum with it. */
const watch = (sum: number, value: number): Code =>
  set(sum, f32x4.add(get(sum), f32x4.multiply(get(value), constant(0))));

const quarters = [0, 1, 2, 3] as const;
const planes = [0, 1, 2].map((channel) => ({
  quarters: quarters.map(() => vector()),
  bytes: vector(),
  sum: vector(),
  start: planesStart + channel * planeBytes,
}));

/** (x / 2 + 0.5) times 255, rounded half to even; narrowing clamps to 0 ... 255. */
const level = (x: number): Code =>
  i32x4.fromFloat32(
    f32x4.nearest(
      f32x4.multiply(f32x4.add(f32x4.multiply(get(x), constant(0.5)), constant(0.5)), constant(255)),
    ),
  );

const channels: Code = planes.flatMap(({ quarters: [a, b, c, d], bytes, sum, start }) => [
  ...[a!, b!, c!, d!].flatMap((quarter, at) => [
    ...set(quarter, v128.loadAt(i32.shiftLeft(get(index), 2), start + 16 * at)),
    ...watch(sum, quarter),
    ...set(quarter, level(quarter)),
  ]),
  ...set(
    bytes,
    i8x16.narrowUnsigned(i16x8.narrowSigned(get(a!), get(b!)), i16x8.narrowSigned(get(c!), get(d!))),
  ),
]);

/** 16 bytes of red, green, blue, red ...: byte `at` of all is of pixel at / 3. */
function interleaved(block: number): Code {
  const bytes = Array.from({ length: lanes }, (_, lane) => {
    const at = block * lanes + lane;
    return { channel: at % 3, pixel: Math.floor(at / 3), lane };
  });
  const [red, green, blue] = planes.map((plane) => get(plane.bytes)) as [Code, Code, Code];
  const two = i8x16.shuffle(
    ...([red, green] as const),
    bytes.map(({ channel, pixel }) => (channel === 1 ? lanes + pixel : pixel)),
  );
  return i8x16.shuffle(
    ...([two, blue] as const),
    bytes.map(({ channel, pixel, lane }) => (channel === 2 ? lanes + pixel : lane)),
  );
}

/** Where the bytes of the pixel `index` begin. */
const target = i32.add(get(index), i32.shiftLeft(get(index), 1));
const [first, second, third] = planes.map(({ sum }) => get(sum)) as [Code, Code, Code];

const kernel = builder.instantiate(
  [
    ...doWhile(
      [
        ...channels,
        ...[0, 1, 2].flatMap((block) => v128.store(target, bytesStart + 16 * block, interleaved(block))),
        ...set(index, i32.add(get(index), i32.constant(lanes))),
      ],
      i32.lessUnsigned(get(index), get(length)),
    ),
    ...v128.store(i32.constant(0), statusAt, f32x4.add(f32x4.add(first, second), third)),
  ],
  statusAt,
);
const { buffer } = kernel.memory;
const inputs = planes.map(({ start }) => new Float32Array(buffer, start, piece));
const output = new Uint8Array(buffer, bytesStart, 3 * piece);
const status = new Float32Array(buffer, statusAt, 4);

/**
 * Bytes [position, channel] of numbers [channel, position], three channels around -1 ... 1: (x / 2 + 0.5)
 * clamped to 0 ... 1, times 255, each in float32, rounded half to even.
 * @param bytes three times as many as positions.
 * @returns whether all numbers were finite; the bytes of others are no levels.
 */
export function fillPictureBytes(bytes: Uint8Array, pixels: Float32Array): boolean {
  const area = pixels.length / 3;
  for (let start = 0; start < area; start += piece) {
    const end = Math.min(start + piece, area);
    for (const [channel, input] of inputs.entries()) {
      input.set(pixels.subarray(channel * area + start, channel * area + end));
      // A turn of the loop takes 16: none of them may be left from before.
      input.fill(0, end - start, Math.min(piece, end - start + lanes));
    }
    kernel.run(end - start);
    if (status.some(Number.isNaN)) return false;
    bytes.set(output.subarray(0, 3 * (end - start)), 3 * start);
  }
  return true;
}
