/**
 * A checkpoint makes pictures whose sides are multiples of its VAE's factor. Another size is made on the next
 * larger canvas, and its middle is the picture.
 */

export interface Size {
  readonly height: number;
  readonly width: number;
}

/**
 * The smallest canvas that holds a picture of that size. @param factor of the VAE: image side over latent
 * side.
 */
export function canvasFor({ height, width }: Size, factor: number): Size {
  const next = (side: number) => Math.ceil(side / factor) * factor;
  return { height: next(height), width: next(width) };
}

/** Where the picture begins on its canvas; with an odd difference the smaller half comes first. */
function offset(canvas: number, side: number): number {
  return Math.floor((canvas - side) / 2);
}

/**
 * The middle of a canvas.
 * @param pixels [3, canvas.height, canvas.width]; given back as they are where nothing is to be cut.
 * @returns [3, height, width]
 */
export function cropped(pixels: Float32Array, canvas: Size, size: Size): Float32Array {
  if (canvas.height === size.height && canvas.width === size.width) return pixels;
  const top = offset(canvas.height, size.height);
  const left = offset(canvas.width, size.width);
  return copied(
    pixels,
    canvas,
    size,
    (y) => y + top,
    (x) => x + left,
  );
}

/**
 * A picture in the middle of a canvas, its surroundings mirrored at its edges, so that cropping gives its own
 * pixels back.
 * @param pixels [3, size.height, size.width]; given back as they are where the canvas is no larger.
 * @returns [3, canvas.height, canvas.width]
 */
export function mirrored(pixels: Float32Array, size: Size, canvas: Size): Float32Array {
  if (canvas.height === size.height && canvas.width === size.width) return pixels;
  const top = offset(canvas.height, size.height);
  const left = offset(canvas.width, size.width);
  return copied(
    pixels,
    size,
    canvas,
    (y) => mirror(y - top, size.height),
    (x) => mirror(x - left, size.width),
  );
}

/** Position in 0 ... length - 1 after walking to and fro between the ends, each of which counts once. */
function mirror(position: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const within = ((position % period) + period) % period;
  return within < length ? within : period - within;
}

function copied(
  source: Float32Array,
  from: Size,
  to: Size,
  rowOf: (y: number) => number,
  columnOf: (x: number) => number,
): Float32Array {
  const result = new Float32Array(3 * to.height * to.width);
  const columns = Int32Array.from({ length: to.width }, (_, x) => columnOf(x));
  for (let channel = 0; channel < 3; channel++)
    for (let y = 0; y < to.height; y++) {
      const row = (channel * from.height + rowOf(y)) * from.width;
      const start = (channel * to.height + y) * to.width;
      for (let x = 0; x < to.width; x++) result[start + x] = source[row + columns[x]!]!;
    }
  return result;
}
