/**
 * Half the sides, each pixel the mean of the four it stands for.
 * @param pixels [3, height, width], both even.
 * @returns [3, height / 2, width / 2]
 */
export function halved(pixels: Float32Array, width: number, height: number): Float32Array {
  const half = { width: width / 2, height: height / 2 };
  const result = new Float32Array(3 * half.height * half.width);
  for (let row = 0; row < 3 * half.height; row++) {
    const above = 2 * row * width;
    for (let column = 0; column < half.width; column++) {
      const at = above + 2 * column;
      result[row * half.width + column] =
        (pixels[at]! + pixels[at + 1]! + pixels[at + width]! + pixels[at + width + 1]!) / 4;
    }
  }
  return result;
}
