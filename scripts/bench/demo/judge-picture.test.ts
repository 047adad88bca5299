import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DetectedThing } from './detect-things.ts';
import { type Expectation, isRight, judgePicture } from './judge-picture.ts';

const expected: Expectation = {
  prompt: 'a red circle left of a blue star on white',
  background: 'white',
  position: null,
  relation: 'left',
  things: [
    { shape: 'circle', colour: 'red', size: null },
    { shape: 'star', colour: 'blue', size: 'large' },
  ],
};
const thing = (colour: string, shape: string, x: number, radius = 0.16): DetectedThing => ({
  shape,
  likeness: 0.9,
  colour,
  x,
  y: 0.5,
  radius,
});
const judge = (things: readonly DetectedThing[], background = 'white') =>
  judgePicture(expected, { background, things });

test('a picture with all that was asked for is right, whichever thing is found first', () => {
  const things = [thing('blue', 'star', 0.7, 0.22), thing('red', 'circle', 0.3)];
  assert.ok(isRight(judge(things)));
  assert.ok(isRight(judge(things.toReversed())));
});

test('two things that stand the wrong way round are an error of their relation alone', () => {
  const verdict = judge([thing('blue', 'star', 0.3, 0.22), thing('red', 'circle', 0.7)]);
  assert.deepEqual(verdict, {
    count: true,
    shape: true,
    colour: true,
    size: true,
    position: null,
    relation: false,
    background: true,
  });
});

test('two things with each other’s colours are an error of colour alone', () => {
  const verdict = judge([thing('blue', 'circle', 0.3), thing('red', 'star', 0.7, 0.22)]);
  assert.deepEqual([verdict.colour, verdict.shape, verdict.relation], [false, true, true]);
});

test('things above each other are not left of each other', () => {
  const verdict = judge([
    { ...thing('red', 'circle', 0.45), y: 0.2 },
    { ...thing('blue', 'star', 0.55, 0.22), y: 0.8 },
  ]);
  assert.equal(verdict.relation, false);
});

test('a thing too few leaves nothing of the pair right', () => {
  const verdict = judge([thing('red', 'circle', 0.3)], 'gray');
  assert.deepEqual(
    [verdict.count, verdict.shape, verdict.colour, verdict.relation, verdict.background],
    [false, false, false, false, false],
  );
});
