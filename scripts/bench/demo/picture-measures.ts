import type { RgbPicture } from './detect-things.ts';

/** Mean distance in RGB (0 ... 441) of the picture's border from a colour. */
export function groundDistance({ rgb, width, height }: RgbPicture, colour: readonly number[]): number {
  let sum = 0;
  let count = 0;
  const band = Math.round(width / 64);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const inside = row >= band && row < height - band && column >= band && column < width - band;
      if (inside) continue;
      const at = (row * width + column) * 3;
      sum += Math.hypot(rgb[at]! - colour[0]!, rgb[at + 1]! - colour[1]!, rgb[at + 2]! - colour[2]!);
      count++;
    }
  }
  return sum / count;
}

/** Mean of the steepest 0.5 % of differences between pixels side by side: how sharp the sharpest outlines are. */
export function edgeSharpness({ rgb, width, height }: RgbPicture): number {
  const steps: number[] = [];
  for (let row = 0; row < height; row++) {
    for (let column = 1; column < width; column++) {
      const at = (row * width + column) * 3;
      steps.push(
        Math.abs(rgb[at]! - rgb[at - 3]!) +
          Math.abs(rgb[at + 1]! - rgb[at - 2]!) +
          Math.abs(rgb[at + 2]! - rgb[at - 1]!),
      );
    }
  }
  const steepest = Float64Array.from(steps)
    .sort()
    .subarray(Math.floor(0.995 * steps.length));
  return steepest.reduce((sum, value) => sum + value, 0) / steepest.length;
}

/** Mean absolute difference of two pictures of the same size, 0 ... 255. */
export function difference(a: RgbPicture, b: RgbPicture): number {
  let sum = 0;
  for (let index = 0; index < a.rgb.length; index++) sum += Math.abs(a.rgb[index]! - b.rgb[index]!);
  return sum / a.rgb.length;
}
