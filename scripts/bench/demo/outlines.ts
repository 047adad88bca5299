import type { Pixels } from '../../../src/images/decode-png.ts';
import { colours, radii, shapes } from './shapes.ts';

/** A pixel's difference from the next one from which it counts as an outline; black to white is 2. */
const outline = 0.2;
/** Sub-pixels of a pixel's side. */
const finer = 4;

/**
 * How steep outlines are beside drawn ones, 1 being as steep: sum of made times drawn slope over the sum of
 * squares of the drawn ones, of neighbouring pixels that the drawing has an outline between; as `sharpness`
 * of scripts/maintainers/train-demo/stages/vae.py.
 * @param made of the drawing's size. @throws RangeError where it is not, or the drawing has no outline.
 */
export function outlineSharpness(drawn: Pixels, made: Float32Array): number {
  const { pixels, width, height } = drawn;
  if (made.length !== pixels.length)
    throw new RangeError(`${made.length} pixel values beside a drawing of ${pixels.length}`);
  let products = 0;
  let squares = 0;
  const add = (at: number, next: number): void => {
    const slope = pixels[next]! - pixels[at]!;
    if (Math.abs(slope) <= outline) return;
    products += slope * (made[next]! - made[at]!);
    squares += slope * slope;
  };
  for (let row = 0, at = 0; row < 3 * height; row++) {
    for (let column = 0; column < width; column++, at++) {
      if (column + 1 < width) add(at, at + 1);
      if ((row + 1) % height !== 0) add(at, at + width);
    }
  }
  if (squares === 0) throw new RangeError('the drawing has no outline');
  return products / squares;
}

/** Mean absolute difference of pixels, of -1 ... 1. */
export function meanError({ pixels }: Pixels, made: Float32Array): number {
  return pixels.reduce((sum, pixel, at) => sum + Math.abs(pixel - made[at]!), 0) / pixels.length;
}

const names = Object.keys(colours);
const places = [
  { x: 0.25, y: 0.25, radius: radii.small! },
  { x: 0.72, y: 0.27, radius: radii.medium! },
  { x: 0.4, y: 0.7, radius: radii.large! },
];

/** Three shapes of three sizes on a ground, others for each index, with smoothed edges. */
export function drawShapes(index: number, side: number): Pixels {
  const inside = Object.values(shapes);
  const things = places.map((place, number) => ({
    ...place,
    holds: inside[(index + 3 * number) % inside.length]!,
    colour: colours[names[(index + 2 * number + 1) % names.length]!]!,
  }));
  const ground = colours[names[index % names.length]!]!;
  const area = side * side;
  const pixels = new Float32Array(3 * area);
  for (let at = 0; at < area; at++) {
    const [left, top] = [at % side, Math.floor(at / side)];
    const near = things.find(({ x, y, radius }) => {
      const reach = radius * 1.15 + 1 / side;
      return Math.abs(left / side - x) < reach && Math.abs(top / side - y) < reach;
    });
    const cover = near === undefined ? 0 : coverOf(near, left, top, side);
    for (const channel of [0, 1, 2] as const)
      pixels[channel * area + at] =
        ((1 - cover) * ground[channel] + cover * (near?.colour ?? ground)[channel]) / 127.5 - 1;
  }
  return { pixels, width: side, height: side };
}

interface Placed {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly holds: (x: number, y: number) => boolean;
}

/** Share of a pixel that lies inside the shape. */
function coverOf({ x, y, radius, holds }: Placed, left: number, top: number, side: number): number {
  let covered = 0;
  for (let sub = 0; sub < finer * finer; sub++) {
    const u = (left + ((sub % finer) + 0.5) / finer) / side - x;
    const v = (top + (Math.floor(sub / finer) + 0.5) / finer) / side - y;
    if (holds(u / radius, v / radius)) covered++;
  }
  return covered / (finer * finer);
}
