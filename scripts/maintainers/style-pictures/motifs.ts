/** What the style pictures show, as SVG shapes in a square of 100 units. */

/** Background, second background, and four colours from the largest thing to the smallest. */
export type Palette = readonly [string, string, string, string, string, string];

export interface Layer {
  /** An SVG element without its fill. */
  readonly shape: string;
  readonly fill: string;
}

const rectangle = (x: number, y: number, width: number, height: number, round = 0) =>
  `rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${round}"`;
const circle = (x: number, y: number, radius: number) => `circle cx="${x}" cy="${y}" r="${radius}"`;
const polygon = (points: string) => `polygon points="${points}"`;
const path = (d: string) => `path d="${d}"`;

const shapes = {
  mountains: [
    [2, circle(70, 30, 13)],
    [3, polygon('0,74 24,34 44,62 62,40 100,78 100,100 0,100')],
    [4, path('M0 78Q30 62 58 76T100 72V100H0Z')],
    [5, polygon('18,84 26,58 34,84')],
  ],
  portrait: [
    [3, path('M14 100Q16 70 50 68T86 100Z')],
    [4, path('M28 46Q26 14 50 14T72 46V66H28Z')],
    [2, path('M34 42Q34 24 50 24T66 42Q66 64 50 68T34 42Z')],
    [5, path('M34 42Q36 24 50 24Q66 24 66 42Q56 40 50 32Q44 40 34 42Z')],
  ],
  city: [
    [2, circle(50, 42, 22)],
    [3, path('M0 100V58H14V40H28V66H40V30H56V60H68V46H84V62H100V100Z')],
    [4, path('M8 100V72H24V100ZM46 100V52H62V100ZM74 100V70H92V100Z')],
    [5, path('M12 78h3v4h-3zm6 0h3v4h-3zM50 58h3v4h-3zm6 8h3v4h-3zM78 76h3v4h-3zm6 8h3v4h-3z')],
  ],
  robot: [
    [3, rectangle(20, 64, 60, 40, 12)],
    [2, rectangle(27, 22, 46, 40, 12)],
    [4, rectangle(33, 34, 34, 14, 7)],
    [5, path('M38 41a4 4 0 1 0 8 0a4 4 0 1 0-8 0zM54 41a4 4 0 1 0 8 0a4 4 0 1 0-8 0zM48 10h4v12h-4z')],
  ],
  house: [
    [3, path('M0 80Q50 68 100 80V100H0Z')],
    [2, rectangle(26, 44, 48, 40)],
    [4, polygon('18,48 50,18 82,48')],
    [5, path('M44 62h12v22H44zM31 52h9v9h-9zM60 52h9v9h-9z')],
  ],
  car: [
    [3, rectangle(0, 72, 100, 28)],
    [2, path('M8 72V58Q10 54 22 52L34 38H66L80 52Q92 54 92 60V72Z')],
    [4, path('M38 42H49V52H30ZM53 42H64L73 52H53Z')],
    [5, path('M18 72a9 9 0 1 0 18 0a9 9 0 1 0-18 0zM64 72a9 9 0 1 0 18 0a9 9 0 1 0-18 0z')],
  ],
  bowl: [
    [3, rectangle(0, 76, 100, 24)],
    [2, path('M14 50H86Q84 82 50 84T14 50Z')],
    [4, path('M20 50Q26 36 38 42Q46 30 56 40Q70 32 80 50Z')],
    [5, circle(60, 43, 6)],
  ],
  planet: [
    [2, circle(50, 50, 26)],
    [3, path('M26 60Q50 50 74 58Q66 76 50 76T26 60Z')],
    [4, path('M8 62Q50 44 92 38Q60 62 8 62Z')],
    [5, path('M16 18h3v3h-3zM80 16h4v4h-4zM86 76h3v3h-3zM12 82h4v4h-4zM66 8h2v2h-2z')],
  ],
  castle: [
    [3, path('M0 82Q50 66 100 82V100H0Z')],
    [2, path('M24 84V44H36V54H42V30H58V54H64V44H76V84Z')],
    [4, path('M22 46L30 26L38 46ZM40 32L50 8L60 32ZM62 46L70 26L78 46Z')],
    [5, path('M45 84V70Q50 62 55 70V84Z')],
  ],
  ship: [
    [3, path('M0 72Q25 64 50 72T100 72V100H0Z')],
    [2, path('M48 12Q82 34 78 60H48Z')],
    [4, path('M44 20Q18 40 24 60H44Z')],
    [5, path('M14 64H86Q80 82 70 82H30Q20 82 14 64Z')],
  ],
  flower: [
    [3, path('M48 52H53V100H48ZM52 84Q70 64 78 72Q72 90 52 84Z')],
    [2, path('M50 36Q34 4 28 26Q6 28 30 42Q16 64 42 54Q50 76 58 54Q84 64 70 42Q94 28 72 26Q66 4 50 36Z')],
    [4, circle(50, 40, 11)],
    [5, circle(50, 40, 5)],
  ],
  hero: [
    [3, path('M0 84H100V100H0Z')],
    [4, path('M34 84V66H46V84ZM54 84V66H66V84ZM30 42H70V68H30Z')],
    [2, path('M36 20H64V42H36Z')],
    [5, path('M32 14H62L70 24H36V30H32ZM74 30H80V62H74ZM68 46H86V50H68Z')],
  ],
  orbs: [
    [2, circle(36, 42, 22)],
    [3, circle(68, 62, 20)],
    [4, circle(30, 76, 13)],
    [5, path('M26 30Q30 24 38 26Q30 30 28 38ZM60 52Q64 46 70 48Q64 52 62 58ZM72 20a8 8 0 1 0 .1 0Z')],
  ],
  letters: [
    [2, path('M10 84L38 16H48L76 84H62L56 68H30L24 84ZM34 57H52L43 33Z')],
    [4, circle(78, 72, 14)],
    [3, circle(78, 72, 6)],
    [5, rectangle(10, 90, 80, 3)],
  ],
} as const;

export type Motif = keyof typeof shapes;

/** The layers of a motif, back to front, the background first. */
export function layersOf(motif: Motif, palette: Palette): Layer[] {
  return [
    { shape: rectangle(-5, -5, 110, 110), fill: palette[0] },
    { shape: path('M-5 50Q50 38 105 54V105H-5Z'), fill: palette[1] },
    ...shapes[motif].map(([colour, shape]) => ({ shape, fill: palette[colour] })),
  ];
}
