import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { loadTokenizer } from '../../../src/text/tokenizer.ts';
import { captionWords } from './caption-words.ts';
import { drawSprite, spriteReach, spriteSide } from './draw-sprite.ts';
import { leadingColour } from './leading-colour.ts';
import { packFile } from './pack-file.ts';
import { pluralOf } from './plural.ts';
import { readThings } from './things.ts';

test('names grow into plurals as English spells them', () => {
  const plurals = ['cat', 'bus', 'box', 'peach', 'cherry', 'monkey', 'fire truck'].map(pluralOf);
  assert.deepEqual(plurals, ['cats', 'buses', 'boxes', 'peaches', 'cherries', 'monkeys', 'fire trucks']);
});

test('the lists hold 200 to 400 things, each name once, each with a plural', async () => {
  const things = await readThings(path.join(import.meta.dirname, '../train-demo/scenes/things'));
  assert.ok(things.length >= 200 && things.length <= 400, `${things.length}`);
  const cat = things.find(({ names }) => names[0] === 'cat');
  assert.deepEqual(cat?.plurals, ['cats', 'kittens']);
  assert.ok(things.every(({ names, plurals }) => names.length === plurals.length));
});

test('a name of two things, or one that is not words, is refused by name', async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'things-'));
  t.after(() => rm(folder, { recursive: true }));
  const write = (...names: string[]) =>
    writeFile(
      path.join(folder, 'a.json'),
      JSON.stringify(names.map((name) => ({ names: [name], icon: 'a:b' }))),
    );
  await write('seal', 'seal');
  await assert.rejects(readThings(folder), /"seal" is the name of two things/);
  await write('T-shirt');
  await assert.rejects(readThings(folder), /"T-shirt" is not lower-case words/);
});

test('shades of the leading colour are parts of it, other colours and white are not', () => {
  const [red, dark, blue, white] = [
    [220, 40, 40, 255],
    [120, 20, 20, 255],
    [40, 40, 220, 255],
    [255, 255, 255, 255],
  ] as const;
  const { colour, shares } = leadingColour(Uint8Array.from([red, red, red, dark, blue, white].flat()));
  assert.deepEqual(colour, [220, 40, 40]);
  assert.deepEqual([...shares], [1, 1, 1, 1, 0, 0]);
});

test('a drawing is cut to what it shows and fills its part of the sprite', async () => {
  const svg =
    '<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32"><rect x="4" y="10" width="8" height="4" fill="#0f0"/></svg>';
  const { planes, colour } = await drawSprite(svg, true);
  const alpha = planes.subarray(3 * spriteSide ** 2, 4 * spriteSide ** 2);
  const filled = [...alpha].flatMap((value, index) => (value > 127 ? [index] : []));
  const columns = filled.map((index) => index % spriteSide);
  const rows = filled.map((index) => Math.floor(index / spriteSide));
  const reach = spriteSide * spriteReach;
  const extent = (values: readonly number[]) => Math.max(...values) - Math.min(...values) + 1;
  assert.ok(Math.abs(extent(columns) - reach) <= 3, `${extent(columns)}`);
  assert.ok(Math.abs(extent(rows) - reach / 2) <= 3, `${extent(rows)}`);
  assert.deepEqual(colour, [0, 255, 0]);
  // Green times alpha, and its share as the leading colour, in the middle.
  const middle = (spriteSide / 2) * spriteSide + spriteSide / 2;
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((plane) => planes[plane * spriteSide ** 2 + middle]),
    [0, 255, 0, 255, 255],
  );
});

test('every word of captions has the ids that CLIP gives it in a prompt', async () => {
  const tokenizer = await loadTokenizer({ pad: 'eos' });
  const tokens = captionWords({ grounds: [', * background'], names: [['hot dog']] }, tokenizer);
  assert.deepEqual(Object.keys(tokens), [',', 'background', 'dog', 'hot']);
  assert.deepEqual(
    ['hot', 'dog', ',', 'background'].flatMap((word) => tokens[word]!),
    tokenizer.encode('hot dog, background'),
  );
});

test('a packed file gives back its header and its sprites', () => {
  const sprite = {
    planes: Uint8Array.of(1, 2, 3),
    colour: [1.4, 2, 3] as const,
    shares: new Float32Array(0),
  };
  const file = packFile({ side: 1 }, [sprite, { ...sprite, planes: Uint8Array.of(9) }]);
  const length = file.readUInt32LE();
  const { side, sprites } = JSON.parse(file.subarray(4, 4 + length).toString());
  assert.deepEqual([side, sprites[0].colour], [1, [1, 2, 3]]);
  const planes = sprites.map(({ offset, length: bytes }: { offset: number; length: number }) => [
    ...inflateSync(file.subarray(4 + length + offset, 4 + length + offset + bytes)),
  ]);
  assert.deepEqual(planes, [[1, 2, 3], [9]]);
});
