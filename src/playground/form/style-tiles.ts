/**
 * How `styles.webp` is laid out, made by scripts/maintainers/style-pictures: one square per style, in the
 * API's order.
 */
const columns = 13;
const rows = 8;

/** The part of the sheet that is a style's picture. */
export function tileOf(place: number): Record<string, string> {
  const column = place % columns;
  const row = Math.floor(place / columns);
  return {
    backgroundSize: `${columns * 100}% ${rows * 100}%`,
    backgroundPosition: `${(column / (columns - 1)) * 100}% ${(row / (rows - 1)) * 100}%`,
  };
}
