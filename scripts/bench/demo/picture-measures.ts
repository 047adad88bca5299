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

/** Distance in RGB from the ground at which a pixel counts as part of a thing, as in detect-things.ts. */
const contrast = 55;

/**
 * Share of the pixels that are not of the ground's colour, the middle value on the top and bottom of a frame
 * a sixteenth of a side from the picture's edge.
 */
export function foregroundShare({ rgb, width, height }: RgbPicture): number {
  const inset = Math.round(width / 16);
  const frame: number[] = [];
  for (let column = inset; column < width - inset; column++)
    frame.push(inset * width + column, (height - 1 - inset) * width + column);
  const ground = [0, 1, 2].map((channel) => middle(frame.map((pixel) => rgb[pixel * 3 + channel]!)));
  let count = 0;
  for (let row = inset; row < height - inset; row++) {
    for (let column = inset; column < width - inset; column++) {
      const at = (row * width + column) * 3;
      const far = Math.hypot(rgb[at]! - ground[0]!, rgb[at + 1]! - ground[1]!, rgb[at + 2]! - ground[2]!);
      if (far > contrast) count++;
    }
  }
  return count / (width * height);
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

/**
 * Mean of the steepest 0.5 % of differences between pixels side by side: how sharp the sharpest outlines are.
 */
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
