/** The colour that most of a drawing has, and which pixels have it. */
export interface LeadingColour {
  /** Red, green and blue, 0 ... 255. */
  readonly colour: readonly [number, number, number];
  /** Of each pixel, 0 ... 1: how much of its colour is a shade of the leading one. */
  readonly shares: Float32Array;
}

/** Shades of one colour: this far apart in hue, in degrees. */
const hueReach = 28;
/** Shades of a colour without hue: this far apart in each of red, green and blue. */
const grayReach = 70;
/** Saturation above which a hue can be told. */
const coloured = 0.25;

interface Hue {
  /** Degrees. */
  readonly hue: number;
  readonly saturation: number;
}

/** @param rgba rows of red, green, blue and alpha, one byte each. */
export function leadingColour(rgba: Uint8Array): LeadingColour {
  const pixels = rgba.length / 4;
  const bins = new Map<number, [count: number, red: number, green: number, blue: number]>();
  for (let index = 0; index < pixels; index++) {
    if (rgba[4 * index + 3]! < 128) continue;
    const [red, green, blue] = [rgba[4 * index]!, rgba[4 * index + 1]!, rgba[4 * index + 2]!];
    const bin = ((red >> 5) << 6) | ((green >> 5) << 3) | (blue >> 5);
    const sum = bins.get(bin) ?? [0, 0, 0, 0];
    bins.set(bin, [sum[0] + 1, sum[1] + red, sum[2] + green, sum[3] + blue]);
  }
  const [count, ...sums] = [...bins.values()].sort((a, b) => b[0] - a[0])[0] ?? [1, 0, 0, 0];
  const colour = sums.map((sum) => sum / count) as [number, number, number];
  const leading = hueOf(...colour);
  const shares = Float32Array.from({ length: pixels }, (_, index) => {
    const at = 4 * index;
    const [red, green, blue] = [rgba[at]!, rgba[at + 1]!, rgba[at + 2]!];
    if (leading.saturation < coloured) {
      const far = Math.max(
        Math.abs(red - colour[0]),
        Math.abs(green - colour[1]),
        Math.abs(blue - colour[2]),
      );
      return falling(far, grayReach);
    }
    const { hue, saturation } = hueOf(red, green, blue);
    const turned = Math.abs(hue - leading.hue);
    return falling(Math.min(turned, 360 - turned), hueReach) * Math.min(1, saturation / coloured);
  });
  return { colour, shares };
}

/** 1 up to `reach`, 0 from one and a half of it on. */
function falling(value: number, reach: number): number {
  return Math.min(1, Math.max(0, 3 - (2 * value) / reach));
}

/** Hue in degrees and saturation of HSV (A. R. Smith, Color gamut transform pairs, 1978). */
function hueOf(red: number, green: number, blue: number): Hue {
  const most = Math.max(red, green, blue);
  const spread = most - Math.min(red, green, blue);
  if (spread === 0) return { hue: 0, saturation: 0 };
  const sixth =
    most === red
      ? (green - blue) / spread
      : most === green
        ? 2 + (blue - red) / spread
        : 4 + (red - green) / spread;
  return { hue: (sixth * 60 + 360) % 360, saturation: spread / most };
}
