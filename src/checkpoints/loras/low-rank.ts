/** A matrix [outputs, inputs] as scale * up [outputs, rank] times down [rank, inputs], all row-major. */
export interface LowRank {
  readonly up: Float32Array;
  readonly down: Float32Array;
  readonly rank: number;
  readonly scale: number;
}

/** Columns handled at a time: eight rows of `down` of this width stay in the fastest cache. */
const columnsAtATime = 512;

/** Adds the product to `values` in place; sums in float64, rounded to float32 once. */
export function addLowRank(values: Float32Array, { up, down, rank, scale }: LowRank): void {
  const inputs = down.length / rank;
  const outputs = up.length / rank;
  const sums = new Float64Array(columnsAtATime);
  for (let begin = 0; begin < inputs; begin += columnsAtATime) {
    const width = Math.min(columnsAtATime, inputs - begin);
    for (let output = 0; output < outputs; output++) {
      sums.fill(0);
      let index = 0;
      // Four rows at a time: a quarter of the loads and stores of the sums.
      for (; index + 4 <= rank; index += 4) {
        const from = output * rank + index;
        const [a, b, c, d] = [up[from]!, up[from + 1]!, up[from + 2]!, up[from + 3]!];
        const row = index * inputs + begin;
        for (let column = 0; column < width; column++)
          sums[column]! +=
            a * down[row + column]! +
            b * down[row + inputs + column]! +
            c * down[row + 2 * inputs + column]! +
            d * down[row + 3 * inputs + column]!;
      }
      for (; index < rank; index++) {
        const factor = up[output * rank + index]!;
        const row = index * inputs + begin;
        for (let column = 0; column < width; column++) sums[column]! += factor * down[row + column]!;
      }
      const target = output * inputs + begin;
      for (let column = 0; column < width; column++) values[target + column]! += scale * sums[column]!;
    }
  }
}
