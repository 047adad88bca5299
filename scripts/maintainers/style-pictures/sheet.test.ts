import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { tileOf } from '../../../src/playground/form/style-tiles.ts';
import { styleNames } from '../../../src/text/styles.ts';

test('the sheet of style pictures has a square for every style, none empty and no two alike', async () => {
  const file = path.resolve(import.meta.dirname, '../../../src/playground/form/styles.webp');
  const { width, height } = await sharp(file).metadata();
  const side = width / 13;
  assert.deepEqual([side, height / side], [80, Math.ceil(styleNames.length / 13)]);
  const seen = new Set<string>();
  for (const place of styleNames.keys()) {
    const [x, y] = [(place % 13) * side, Math.floor(place / 13) * side];
    const tile = sharp(file).extract({ left: x, top: y, width: side, height: side });
    assert.ok((await tile.stats()).entropy > 1, styleNames[place]);
    seen.add((await tile.raw().toBuffer()).toString('base64'));
  }
  assert.equal(seen.size, styleNames.length);
});

test('the first tile stands at the sheet’s corner and the last of a row at its other side', () => {
  const position = (place: number) => tileOf(place).backgroundPosition;
  assert.deepEqual([position(0), position(12), position(13)], ['0% 0%', '100% 0%', `0% ${(1 / 7) * 100}%`]);
});
