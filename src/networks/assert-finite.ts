/** @throws Error naming the array, the first NaN or infinity in it and how many there are. */
export function assertFinite(name: string, values: Float32Array): void {
  // One pass without a branch per element: NaN and infinities make their product with 0 NaN.
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]! * 0;
  if (sum === 0) return;
  const first = values.findIndex((value) => !Number.isFinite(value));
  const count = values.reduce((total, value) => total + (Number.isFinite(value) ? 0 : 1), 0);
  throw new Error(
    `${name}: ${count} of ${values.length} values are not finite (first: ${values[first]} at ${first})`,
  );
}
