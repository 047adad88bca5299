import { colours, shapes } from './shapes.ts';

/** Pixels as bytes: red, green, blue, row by row. */
export interface RgbPicture {
  readonly rgb: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** One connected thing in front of the ground. Lengths are shares of the picture's side. */
export interface DetectedThing {
  readonly shape: string;
  /** Overlap (intersection over union) with the shape's own outline, 0 ... 1. */
  readonly likeness: number;
  readonly colour: string;
  /** Middle of the bounding box. */
  readonly x: number;
  readonly y: number;
  /** Half of the longer side of the bounding box. */
  readonly radius: number;
}

export interface Detection {
  readonly background: string;
  /** Largest first; specks below 0.3 % of the picture are left out. */
  readonly things: readonly DetectedThing[];
}

const side = 256;
/** Distance in RGB from the ground at which a pixel counts as part of a thing. */
const contrast = 55;
const smallestShare = 0.003;
const templateSide = 48;

/**
 * Finds flat things on a flat ground by colour segmentation, and names their shapes by overlap with outlines.
 */
export function detectThings(picture: RgbPicture): Detection {
  const pixels = shrink(picture);
  const ground = commonColour(pixels, borderPixels());
  const mask = new Uint8Array(side * side);
  for (let index = 0; index < mask.length; index++) {
    mask[index] = distance(pixels, index, ground.rgb) > contrast ? 1 : 0;
  }
  const things = connectedParts(mask)
    .flatMap((part) => splitByColour(part, pixels))
    .filter((part) => part.length >= smallestShare * side * side)
    .sort((a, b) => b.length - a.length)
    .map((part) => describe(part, pixels));
  return { background: ground.name, things };
}

/** Box-averages the picture to side x side. */
function shrink({ rgb, width, height }: RgbPicture): Float32Array {
  const pixels = new Float32Array(side * side * 3);
  for (let row = 0; row < side; row++) {
    const top = Math.floor((row * height) / side);
    const bottom = Math.max(top + 1, Math.floor(((row + 1) * height) / side));
    for (let column = 0; column < side; column++) {
      const left = Math.floor((column * width) / side);
      const right = Math.max(left + 1, Math.floor(((column + 1) * width) / side));
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let y = top; y < bottom; y++) {
          for (let x = left; x < right; x++) sum += rgb[(y * width + x) * 3 + channel]!;
        }
        pixels[(row * side + column) * 3 + channel] = sum / ((bottom - top) * (right - left));
      }
    }
  }
  return pixels;
}

function borderPixels(): number[] {
  const border: number[] = [];
  for (let index = 0; index < side * side; index++) {
    const row = Math.floor(index / side);
    const column = index % side;
    if (row < 3 || column < 3 || row >= side - 3 || column >= side - 3) border.push(index);
  }
  return border;
}

function distance(pixels: Float32Array, index: number, rgb: readonly number[]): number {
  return Math.hypot(
    pixels[index * 3]! - rgb[0]!,
    pixels[index * 3 + 1]! - rgb[1]!,
    pixels[index * 3 + 2]! - rgb[2]!,
  );
}

/** The pixels nearest to each named colour. */
function votesOf(pixels: Float32Array, indices: readonly number[]): Map<string, number[]> {
  const votes = new Map<string, number[]>();
  for (const index of indices) {
    let nearest = '';
    let least = Number.POSITIVE_INFINITY;
    for (const [name, rgb] of Object.entries(colours)) {
      const far = distance(pixels, index, rgb);
      if (far < least) [nearest, least] = [name, far];
    }
    const voters = votes.get(nearest) ?? [];
    voters.push(index);
    votes.set(nearest, voters);
  }
  return votes;
}

/** The named colour nearest to most of the pixels, and the mean of those that voted for it. */
function commonColour(pixels: Float32Array, indices: readonly number[]) {
  const [name, voters] = [...votesOf(pixels, indices)].sort((a, b) => b[1].length - a[1].length)[0]!;
  const rgb = [0, 1, 2].map(
    (channel) => voters.reduce((sum, index) => sum + pixels[index * 3 + channel]!, 0) / voters.length,
  );
  return { name, rgb };
}

/** Four-connected parts of the mask as lists of pixel indices. */
function connectedParts(mask: Uint8Array): number[][] {
  const seen = new Uint8Array(mask.length);
  const parts: number[][] = [];
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] === 0 || seen[start] === 1) continue;
    const part = [start];
    seen[start] = 1;
    for (const index of part) {
      const column = index % side;
      const neighbours = [index - side, index + side];
      if (column > 0) neighbours.push(index - 1);
      if (column < side - 1) neighbours.push(index + 1);
      for (const next of neighbours) {
        if (mask[next] === 1 && seen[next] === 0) {
          seen[next] = 1;
          part.push(next);
        }
      }
    }
    parts.push(part);
  }
  return parts;
}

/** Two things that touch are one part with two colours, each of a good share of it. */
function splitByColour(part: readonly number[], pixels: Float32Array): (readonly number[])[] {
  const kept = [...votesOf(pixels, inner(part))].filter(([, voters]) => voters.length > 0.15 * part.length);
  if (kept.length < 2) return [part];
  const split = kept.map((): number[] => []);
  for (const index of part) {
    const far = kept.map(([name]) => distance(pixels, index, colours[name]!));
    split[far.indexOf(Math.min(...far))]!.push(index);
  }
  // The blends along a thing's outline may look like the other colour: only the main body counts.
  return split.map((indices) => {
    const mask = new Uint8Array(side * side);
    for (const index of indices) mask[index] = 1;
    return connectedParts(mask).sort((a, b) => b.length - a.length)[0]!;
  });
}

/** The pixels of a part that lie at least two pixels from its outline: no blends of two colours. */
function inner(part: readonly number[]): readonly number[] {
  const members = new Set(part);
  const within = part.filter((index) =>
    [-2, 2, -2 * side, 2 * side].every((step) => members.has(index + step)),
  );
  return within.length > 0 ? within : part;
}

function describe(part: readonly number[], pixels: Float32Array): DetectedThing {
  const columns = part.map((index) => index % side);
  const rows = part.map((index) => Math.floor(index / side));
  const [left, right] = [Math.min(...columns), Math.max(...columns) + 1];
  const [top, bottom] = [Math.min(...rows), Math.max(...rows) + 1];
  const members = new Set(part);
  const centre = { x: (left + right) / 2, y: (top + bottom) / 2 };
  const reach = Math.max(right - left, bottom - top) / 2;
  const { shape, likeness } = nameShape((x, y) => {
    const column = Math.floor(centre.x + x * reach);
    const row = Math.floor(centre.y + y * reach);
    return column >= 0 && column < side && row >= 0 && row < side && members.has(row * side + column);
  });
  return {
    shape,
    likeness,
    colour: commonColour(pixels, inner(part)).name,
    x: centre.x / side,
    y: centre.y / side,
    radius: reach / side,
  };
}

/** `inside` is over the square -1 ... 1 whose sides the longer extent of the thing touches. */
function nameShape(inside: (x: number, y: number) => boolean): { shape: string; likeness: number } {
  let best = { shape: '', likeness: -1 };
  for (const [shape, template] of outlines) {
    let both = 0;
    let either = 0;
    for (const [index, expected] of template.entries()) {
      const found = inside(...gridPoint(index));
      if (found && expected === 1) both++;
      if (found || expected === 1) either++;
    }
    const likeness = both / either;
    if (likeness > best.likeness) best = { shape, likeness };
  }
  return best;
}

function gridPoint(index: number): [number, number] {
  const x = ((index % templateSide) + 0.5) / templateSide;
  const y = (Math.floor(index / templateSide) + 0.5) / templateSide;
  return [2 * x - 1, 2 * y - 1];
}

/** Each shape centred by its bounding box and scaled so that the longer extent fills -1 ... 1. */
const outlines: ReadonlyMap<string, Uint8Array> = new Map(
  Object.entries(shapes).map(([name, inside]) => [name, outline(inside)]),
);

function outline(inside: (x: number, y: number) => boolean): Uint8Array {
  const steps = 240;
  const reach = 1.2;
  let [left, right, top, bottom] = [reach, -reach, reach, -reach];
  for (let row = 0; row < steps; row++) {
    for (let column = 0; column < steps; column++) {
      const x = ((column + 0.5) / steps) * 2 * reach - reach;
      const y = ((row + 0.5) / steps) * 2 * reach - reach;
      if (!inside(x, y)) continue;
      [left, right] = [Math.min(left, x), Math.max(right, x)];
      [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
    }
  }
  const scale = Math.max(right - left, bottom - top) / 2;
  return Uint8Array.from({ length: templateSide ** 2 }, (_, index) => {
    const [x, y] = gridPoint(index);
    return inside((left + right) / 2 + x * scale, (top + bottom) / 2 + y * scale) ? 1 : 0;
  });
}
