import type { KernelBuilder } from './kernel-builder.ts';
import { type Code, f64x2, get, i64x2, set, v128 } from './wasm-code.ts';

/*
 * Elementary functions on two float64 lanes, as statements that leave their result in the local of the
 * argument. Only correctly rounded operations are used, so every machine gets the same bits. The errors
 * stated are far below the last bit of the float32 the results are rounded to.
 */

const bitsOf = (value: number): bigint => new BigInt64Array(Float64Array.of(value).buffer)[0]!;
const exponentMask = BigInt.asIntN(64, 0xfffn << 52n);

/** Both lanes of a vector, float64 x 2, with one value. */
export function doubles(builder: KernelBuilder, value: number): Code {
  return builder.constant(Float64Array.of(value, value));
}

function words(builder: KernelBuilder, value: bigint): Code {
  return builder.constant(BigInt64Array.of(value, value));
}

/** Horner's scheme in `x`, coefficients from the lowest power, into `sum`. */
function polynomial(builder: KernelBuilder, x: number, coefficients: readonly number[], sum: number): Code[] {
  const [highest, ...others] = coefficients.map((value) => doubles(builder, value)).reverse();
  return [
    set(sum, highest!),
    ...others.map((value) => set(sum, f64x2.add(f64x2.multiply(get(sum), get(x)), value))),
  ];
}

/**
 * Square root of -2 log x for x in (0, 1): x = 2^e m with m in [sqrt(1/2), sqrt(2)) and log m =
 * 2 atanh((m - 1) / (m + 1)) by its series up to the 11th power; relative error of the logarithm below 1e-10.
 */
export function rootOfMinusTwoLog(builder: KernelBuilder, x: number): Code[] {
  const [exponent, square, sum] = [builder.vector(), builder.vector(), builder.vector()];
  const one = doubles(builder, 1);
  const oneBits = words(builder, bitsOf(1));
  const series = [1, 3, 5, 7, 9, 11].map((n) => -4 / n);
  return [
    set(exponent, i64x2.add(get(x), words(builder, bitsOf(1) - bitsOf(Math.SQRT1_2)))),
    set(x, i64x2.subtract(i64x2.add(get(x), oneBits), v128.and(get(exponent), words(builder, exponentMask)))),
    // The biased exponent put into the low bits of 2^52 is 2^52 + that integer.
    set(exponent, v128.or(i64x2.shiftRightUnsigned(get(exponent), 52), words(builder, bitsOf(2 ** 52)))),
    set(exponent, f64x2.subtract(get(exponent), doubles(builder, 2 ** 52 + 1023))),
    set(x, f64x2.divide(f64x2.subtract(get(x), one), f64x2.add(get(x), one))),
    set(square, f64x2.multiply(get(x), get(x))),
    ...polynomial(builder, square, series, sum),
    set(exponent, f64x2.multiply(get(exponent), doubles(builder, -2 * Math.LN2))),
    set(x, f64x2.sqrt(f64x2.add(get(exponent), f64x2.multiply(get(x), get(sum))))),
  ];
}

/**
 * Sine of x in [0, 2 pi]: folded into [-pi/2, pi/2], Taylor series up to the 13th power; error below 1e-9.
 */
export function sine(builder: KernelBuilder, x: number): Code[] {
  const [square, sum] = [builder.vector(), builder.vector()];
  const pi = doubles(builder, Math.PI);
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  const series = [1, 3, 5, 7, 9, 11, 13].map((n, i) => (-1) ** i / factorial(n));
  return [
    // sin x = sin(pi - x), where pi - x is in [-pi, pi]; and again where that is beyond pi/2 or -pi/2.
    set(x, f64x2.subtract(pi, get(x))),
    set(x, f64x2.min(get(x), f64x2.subtract(pi, get(x)))),
    set(x, f64x2.max(get(x), f64x2.subtract(doubles(builder, -Math.PI), get(x)))),
    set(square, f64x2.multiply(get(x), get(x))),
    ...polynomial(builder, square, series, sum),
    set(x, f64x2.multiply(get(x), get(sum))),
  ];
}
