/**
 * Whether no number is NaN or infinite. A product with 0 is 0 of finite ones alone: one addition a number, 3 ms
 * for the pixels of 1024 x 1024 where every(Number.isFinite) took 49 of a decode's 93.
 */
export function allFinite(numbers: Float32Array): boolean {
  let sum = 0;
  for (let index = 0; index < numbers.length; index++) sum += numbers[index]! * 0;
  return sum === 0;
}
