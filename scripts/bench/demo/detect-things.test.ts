import assert from 'node:assert/strict';
import { test } from 'node:test';
import { detectThings, type RgbPicture } from './detect-things.ts';
import { colours, shapes } from './shapes.ts';

interface Drawn {
  readonly shape: string;
  readonly colour: string;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

const side = 256;

function picture(background: string, things: readonly Drawn[]): RgbPicture {
  const rgb = new Uint8Array(3 * side * side);
  for (let index = 0; index < side * side; index++) {
    const x = ((index % side) + 0.5) / side;
    const y = (Math.floor(index / side) + 0.5) / side;
    const thing = things.findLast((one) =>
      shapes[one.shape]!((x - one.x) / one.radius, (y - one.y) / one.radius),
    );
    rgb.set(colours[thing?.colour ?? background]!, index * 3);
  }
  return { rgb, width: side, height: side };
}

for (const shape of Object.keys(shapes)) {
  test(`a ${shape} is named, coloured and placed at every size`, () => {
    for (const radius of [0.1, 0.16, 0.22]) {
      const { background, things } = detectThings(
        picture('blue', [{ shape, colour: 'orange', x: 0.3, y: 0.6, radius }]),
      );
      assert.equal(background, 'blue');
      assert.equal(things.length, 1);
      const [thing] = things;
      assert.equal(thing!.shape, shape);
      assert.equal(thing!.colour, 'orange');
      assert.ok(Math.abs(thing!.x - 0.3) < 0.02 && Math.abs(thing!.y - 0.6) < 0.03, JSON.stringify(thing));
    }
  });
}

test('every colour is named, on the ground and in front of it', () => {
  const names = Object.keys(colours);
  for (const [index, colour] of names.entries()) {
    const background = names[(index + 5) % names.length]!;
    const found = detectThings(
      picture(background, [{ shape: 'circle', colour, x: 0.5, y: 0.5, radius: 0.16 }]),
    );
    assert.deepEqual([found.background, found.things[0]?.colour], [background, colour]);
  }
});

test('two things that touch are told apart by their colours', () => {
  const { things } = detectThings(
    picture('white', [
      { shape: 'square', colour: 'red', x: 0.3, y: 0.5, radius: 0.2 },
      { shape: 'circle', colour: 'green', x: 0.66, y: 0.5, radius: 0.2 },
    ]),
  );
  assert.deepEqual(things.map(({ shape, colour }) => `${colour} ${shape}`).sort(), [
    'green circle',
    'red square',
  ]);
});

test('an empty picture has no things', () => {
  assert.deepEqual(detectThings(picture('gray', [])), { background: 'gray', things: [] });
});
