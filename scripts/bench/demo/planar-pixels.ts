import type { RgbPicture } from './detect-things.ts';

/** [3, height, width] in -1 ... 1. */
export function planarPixels({ rgb, width, height }: RgbPicture): Float32Array {
  const area = width * height;
  return Float32Array.from(
    { length: 3 * area },
    (_, index) => (rgb[(index % area) * 3 + Math.floor(index / area)]! / 255) * 2 - 1,
  );
}
