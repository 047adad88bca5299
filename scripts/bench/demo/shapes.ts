/**
 * The shapes the demo checkpoint draws, as scripts/maintainers/train-demo/shapes/scenes.py has them: radius
 * 1, y downwards.
 */

export type Point = readonly [x: number, y: number];

function polygon(points: readonly Point[]): (x: number, y: number) => boolean {
  return (x, y) => {
    let inside = false;
    for (const [index, [ax, ay]] of points.entries()) {
      const [bx, by] = points[(index + 1) % points.length]!;
      if (ay <= y !== by <= y && x < ax + ((y - ay) * (bx - ax)) / (by - ay)) inside = !inside;
    }
    return inside;
  };
}

function starPoints(): Point[] {
  return Array.from({ length: 10 }, (_, index) => {
    const angle = -Math.PI / 2 + (index * Math.PI) / 5;
    const radius = index % 2 === 0 ? 1.05 : 0.44;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });
}

/** A square on its corner with half discs on its upper sides. */
function insideHeart(x: number, y: number): boolean {
  const u = Math.abs(x) / 1.75;
  const v = (0.92 - y) / 1.75;
  return u + v > 1 ? Math.hypot(u - 0.25, v - 0.75) < Math.SQRT2 / 4 : v > u && v >= 0;
}

const arm = 0.34;

/** Whether a point lies inside the shape. */
export const shapes: Readonly<Record<string, (x: number, y: number) => boolean>> = {
  circle: (x, y) => Math.hypot(x, y) < 1,
  square: (x, y) => Math.max(Math.abs(x), Math.abs(y)) < 0.88,
  triangle: polygon([
    [0, -0.95],
    [1.05, 0.85],
    [-1.05, 0.85],
  ]),
  star: polygon(starPoints()),
  heart: insideHeart,
  diamond: (x, y) => Math.abs(x) / 0.78 + Math.abs(y) / 1.05 < 1,
  ring: (x, y) => Math.abs(Math.hypot(x, y) - 0.76) < 0.24,
  cross: (x, y) => Math.min(Math.abs(x), Math.abs(y)) < arm && Math.max(Math.abs(x), Math.abs(y)) < 1,
};

/** Half the extent of a shape as a share of the picture's side, by size. */
export const radii: Readonly<Record<string, number>> = { small: 0.1, medium: 0.16, large: 0.22 };

/** sRGB of the twelve colours. */
export const colours: Readonly<Record<string, readonly [number, number, number]>> = {
  red: [216, 36, 40],
  orange: [246, 136, 20],
  yellow: [250, 216, 44],
  green: [36, 156, 68],
  cyan: [48, 204, 216],
  blue: [36, 76, 216],
  purple: [128, 44, 180],
  pink: [248, 136, 188],
  brown: [116, 70, 34],
  black: [18, 18, 22],
  white: [250, 250, 250],
  gray: [134, 134, 138],
};
