/**
 * `node scripts/maintainers/style-pictures.ts [sheet.webp]`: draws a small picture of every style into one
 * sheet, 13 squares a row in the order of the names.
 */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import { styleNames } from '../../src/text/styles.ts';
import { layersOf } from './style-pictures/motifs.ts';
import { type ColourAt, rasters } from './style-pictures/rasters.ts';
import { type StylePicture, stylePictures } from './style-pictures/table.ts';
import { drawn, svg } from './style-pictures/treatments.ts';

const side = 80;
const columns = 13;

async function pictureOf({ motif, palette, treatment }: StylePicture): Promise<Buffer> {
  const layers = layersOf(motif, palette);
  const body = Object.hasOwn(drawn, treatment)
    ? drawn[treatment as keyof typeof drawn](layers)
    : rasters[treatment as keyof typeof rasters](await sampled(svg(drawn.plain(layers))));
  return await sharp(Buffer.from(svg(body)), { density: 144 })
    .resize(side, side)
    .removeAlpha()
    .png()
    .toBuffer();
}

async function sampled(text: string): Promise<ColourAt> {
  const count = 100;
  const pixels = await sharp(Buffer.from(text)).resize(count, count).removeAlpha().raw().toBuffer();
  const place = (value: number) => Math.min(count - 1, Math.max(0, Math.floor(value)));
  return (x, y) => {
    const start = 3 * (place(y) * count + place(x));
    return `#${pixels.subarray(start, start + 3).toString('hex')}`;
  };
}

const [file = path.resolve(import.meta.dirname, '../../src/playground/form/styles.webp')] =
  process.argv.slice(2);
const tiles = await Promise.all(styleNames.map((name) => pictureOf(stylePictures[name])));
const rows = Math.ceil(tiles.length / columns);
const sheet = await sharp({
  create: { width: columns * side, height: rows * side, channels: 3, background: '#888' },
})
  .composite(
    tiles.map((input, place) => ({
      input,
      left: (place % columns) * side,
      top: Math.floor(place / columns) * side,
    })),
  )
  .webp({ quality: 40, effort: 6, smartSubsample: true })
  .toBuffer();
await writeFile(file, sheet);
process.stdout.write(`${file}: ${tiles.length} pictures, ${(sheet.length / 1000).toFixed(1)} kB\n`);
