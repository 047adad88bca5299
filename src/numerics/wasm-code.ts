/**
 * Just enough of a WebAssembly assembler for number kernels with 128-bit vectors: code is bytes, an
 * instruction is a function of the code of its operands (WebAssembly core specification 2.0, chapter 5).
 */
export type Code = readonly number[];

/** Unsigned LEB128. */
function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): Code {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}

const vector = (opcode: number): Code => [0xfd, ...unsigned(opcode)];
const unary =
  (opcode: number) =>
  (a: Code): Code => [...a, ...vector(opcode)];
const binary =
  (opcode: number) =>
  (a: Code, b: Code): Code => [...a, ...b, ...vector(opcode)];

export const get = (local: number): Code => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];

/** Runs `body` again while `condition` holds after it. */
export const doWhile = (body: Code, condition: Code): Code => [
  ...[0x03, 0x40],
  ...body,
  ...condition,
  ...[0x0d, 0, 0x0b],
];

export const i32 = {
  constant: (value: number): Code => [0x41, ...signed(value)],
  add: (a: Code, b: Code): Code => [...a, ...b, 0x6a],
  shiftLeft: (a: Code, bits: number): Code => [...a, ...i32.constant(bits), 0x74],
  lessUnsigned: (a: Code, b: Code): Code => [...a, ...b, 0x49],
};

export const v128 = {
  /** Reads 16 bytes at a constant address. */
  load: (address: number): Code => [...i32.constant(0), ...vector(0x00), 4, ...unsigned(address)],
  /** Reads 16 bytes at `address` + `offset`. */
  loadAt: (address: Code, offset: number): Code => [...address, ...vector(0x00), 4, ...unsigned(offset)],
  /** Writes 16 bytes at `address` + `offset`. */
  store: (address: Code, offset: number, value: Code): Code => [
    ...[...address, ...value, ...vector(0x0b)],
    ...[4, ...unsigned(offset)],
  ],
  /** Writes the low half of `value` at `address` + `offset`. */
  storeLow64: (address: Code, offset: number, value: Code): Code => [
    ...[...address, ...value, ...vector(0x5b)],
    ...[2, ...unsigned(offset), 0],
  ],
  and: binary(0x4e),
  or: binary(0x50),
  xor: binary(0x51),
  /** The 32-bit lanes of `a` (0 to 3) and `b` (4 to 7) named by `lanes`. */
  shuffle32: (a: Code, b: Code, lanes: readonly [number, number, number, number]): Code => [
    ...[...a, ...b, ...vector(0x0d)],
    ...lanes.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte)),
  ],
};

export const i32x4 = {
  splat: unary(0x11),
  add: binary(0xae),
  /** The next integer towards 0, or the nearest that there is; 0 of NaN. */
  fromFloat32: unary(0xf8),
};

export const f32x4 = {
  /** The nearest integer, of two the even one. */
  nearest: unary(0x6a),
  add: binary(0xe4),
  multiply: binary(0xe6),
};

/** Lanes of `a` and then of `b`, each the nearest number of half the bits. */
export const i16x8 = { narrowSigned: binary(0x85) };
export const i8x16 = {
  narrowUnsigned: binary(0x66),
  /** The bytes of `a` (0 to 15) and `b` (16 to 31) named by `lanes`, of which there are 16. */
  shuffle: (a: Code, b: Code, lanes: readonly number[]): Code => [...a, ...b, ...vector(0x0d), ...lanes],
};

export const i64x2 = {
  add: binary(0xce),
  subtract: binary(0xd1),
  shiftRightUnsigned: (a: Code, bits: number): Code => [...a, ...i32.constant(bits), ...vector(0xcd)],
  /** 64-bit products of the unsigned 32-bit lanes 0 and 1. */
  multiplyLow32: binary(0xde),
  /** 64-bit products of the unsigned 32-bit lanes 2 and 3. */
  multiplyHigh32: binary(0xdf),
};

export const f64x2 = {
  sqrt: unary(0xef),
  add: binary(0xf0),
  subtract: binary(0xf1),
  multiply: binary(0xf2),
  divide: binary(0xf3),
  /** The smaller, where neither is NaN. */
  min: binary(0xf6),
  /** The larger, where neither is NaN. */
  max: binary(0xf7),
  /** The unsigned 32-bit lanes 0 and 1. */
  fromLow32: unary(0xff),
  /** Rounded to float32 in lanes 0 and 1. */
  toFloat32: unary(0x5e),
};

/** The binary of a module with a memory and one function `run` without result. */
export function moduleBytes(
  shape: { readonly parameters: number; readonly integers: number; readonly vectors: number },
  body: Code,
): Uint8Array {
  const section = (id: number, content: Code): Code => [id, ...unsigned(content.length), ...content];
  const name = (text: string): Code => [text.length, ...new TextEncoder().encode(text)];
  const locals = [2, ...unsigned(shape.integers), 0x7f, ...unsigned(shape.vectors), 0x7b];
  const code = [...locals, ...body, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, [1, 0x60, shape.parameters, ...Array<number>(shape.parameters).fill(0x7f), 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, 1]),
    ...section(7, [2, ...name('memory'), 2, 0, ...name('run'), 0, 0]),
    ...section(10, [1, ...unsigned(code.length), ...code]),
  ]);
}
