import type { RasterTreatment } from './treatments.ts';

/** Colour of the plain scene at a point, 0 ... 100 each, as #rrggbb. */
export type ColourAt = (x: number, y: number) => string;

/** A stream of numbers in 0 ... 1 that is the same on every run (Park and Miller, CACM 31(10), 1988). */
function evenNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

function grid(count: number, draw: (x: number, y: number, side: number) => string): string {
  const side = 100 / count;
  let body = '';
  for (let row = 0; row < count; row++)
    for (let column = 0; column < count; column++) body += draw(column * side, row * side, side);
  return body;
}

const square = (x: number, y: number, side: number, paint: string) =>
  `<rect x="${x}" y="${y}" width="${side + 0.2}" height="${side + 0.2}" fill="${paint}"/>`;

/** Triangles over a bent grid, each in the colour of its middle. */
function triangles(at: ColourAt, count: number, edge: string): string {
  const random = evenNumbers(17);
  const side = 100 / count;
  const points = Array.from({ length: (count + 1) ** 2 }, (_, index) => {
    const [column, row] = [index % (count + 1), Math.floor(index / (count + 1))];
    const bend = (place: number) => (place === 0 || place === count ? 0 : (random() - 0.5) * side * 0.8);
    return [column * side + bend(column), row * side + bend(row)] as const;
  });
  return grid(count, (x, y) => {
    const corner = Math.round(y / side) * (count + 1) + Math.round(x / side);
    const [a, b, c, d] = [corner, corner + 1, corner + count + 1, corner + count + 2].map(
      (one) => points[one]!,
    );
    return [
      [a!, b!, c!],
      [b!, d!, c!],
    ]
      .map((three) => {
        const [mx, my] = [0, 1].map((axis) => three.reduce((sum, point) => sum + point[axis]!, 0) / 3);
        return `<polygon points="${three.map((point) => point.join()).join(' ')}" fill="${at(mx!, my!)}" ${edge}/>
          <polygon points="${three.map((point) => point.join()).join(' ')}" fill="#fff" opacity="${random() * 0.22}"/>`;
      })
      .join('');
  });
}

export const rasters: Readonly<Record<RasterTreatment, (at: ColourAt) => string>> = {
  pixels: (at) => grid(20, (x, y, side) => square(x, y, side, at(x + side / 2, y + side / 2))),
  blocks: (at) =>
    grid(10, (x, y, side) => {
      const paint = at(x + side / 2, y + side / 2);
      return `${square(x, y, side, paint)}<path d="M${x} ${y}h${side}v1.6h${-side}z" fill="#fff4"/>
        <path d="M${x} ${y + side}h${side}v-1.6h${-side}z" fill="#0004"/>`;
    }),
  cubes: (at) =>
    grid(9, (x, y, side) => {
      const odd = Math.round(y / side) % 2 ? side / 2 : 0;
      const [cx, paint] = [x + odd, at(x + side / 2, y + side / 2)];
      const [w, h] = [side / 2, side / 3.2];
      return `<path d="M${cx} ${y}l${w} ${h}l${-w} ${h}l${-w} ${-h}z" fill="${paint}"/><path d="M${cx} ${y}l${w} ${h}l${-w} ${h}l${-w} ${-h}z" fill="#fff4"/>
        <path d="M${cx - w} ${y + h}l${w} ${h}v${side}l${-w} ${-h}z" fill="${paint}"/>
        <path d="M${cx + w} ${y + h}l${-w} ${h}v${side}l${w} ${-h}z" fill="${paint}"/><path d="M${cx + w} ${y + h}l${-w} ${h}v${side}l${w} ${-h}z" fill="#0005"/>`;
    }),
  dots: (at) =>
    `<rect width="100" height="100" fill="#f7f3ea"/>${grid(22, (x, y, side) => {
      const odd = Math.round(y / side) % 2 ? side / 2 : 0;
      return `<circle cx="${x + odd + side / 2}" cy="${y + side / 2}" r="${side * 0.44}" fill="${at(x + odd + side / 2, y + side / 2)}"/>`;
    })}`,
  halftone: (at) =>
    grid(16, (x, y, side) => {
      const paint = at(x + side / 2, y + side / 2);
      return `${square(x, y, side, paint)}<circle cx="${x + side / 2}" cy="${y + side / 2}" r="${side * 0.26}" fill="#0005"/>`;
    }),
  dabs: (at) => {
    const random = evenNumbers(5);
    return Array.from({ length: 620 }, () => {
      const [x, y, turn] = [random() * 104 - 2, random() * 104 - 2, random() * 60 - 30];
      return `<ellipse cx="${x}" cy="${y}" rx="${3.4 + random() * 2}" ry="1.5" fill="${at(x, y)}" transform="rotate(${turn} ${x} ${y})"/>`;
    }).join('');
  },
  facets: (at) => triangles(at, 8, ''),
  glass: (at) => triangles(at, 6, 'stroke="#14120f" stroke-width="1.8" stroke-linejoin="round"'),
};
