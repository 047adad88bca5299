import assert from 'node:assert/strict';
import { test } from 'node:test';
import { styleNames } from '../../text/styles.ts';
import { ApiError } from '../errors.ts';
import { parseTextToImage } from './bodies.ts';

const text = (body: object) =>
  parseTextToImage({ prompt: 'a panda', ...body }, { drawSeed: () => 123, rng: 'philox' });
const refused = (body: object, message: RegExp) =>
  assert.throws(
    () => text(body),
    (error: unknown) => error instanceof ApiError && error.status === 400 && message.test(error.message),
  );

test('names of values are taken in any case and with any separators, where they can mean only one', () => {
  for (const given of ['jpeg', 'JPEG', 'jpg', 'JPG', ' Jpg '])
    assert.equal(text({ output_format: given }).outputFormat, 'jpeg');
  assert.equal(text({ output_format: 'PNG' }).outputFormat, 'png');
  for (const given of ['torch-cpu', 'TORCH_CPU', 'Torch CPU'])
    assert.equal(text({ rng: given }).rng, 'torch-cpu');
  assert.equal(text({ cache: { name: 'Spectrum' } }).stepCache?.name, 'spectrum');
  for (const wrong of ['', ' ', 'gif', 'jp', 'jpeg2000', '__proto__', 'constructor'])
    refused({ output_format: wrong }, /^output_format must be one of: jpeg, png, webp, got "/);
});

test('styles too, with their family or without', () => {
  for (const [given, meant] of [
    ['Digital Art', 'digital art'],
    ['digital-art', 'digital art'],
    ['SAI_Digital_Art', 'digital art'],
    ['3D Model', '3d-model'],
    ['Sci Fi', 'sci-fi'],
    ['futuristic-futuristic', 'futuristic'],
    ['Base', 'base'],
  ] as const)
    assert.equal(text({ style: given }).style, meant);
  for (const name of styleNames) {
    assert.equal(text({ style: name }).style, name);
    assert.equal(text({ style: name.toUpperCase().replace(/[ -]/g, '_') }).style, name);
  }
  for (const wrong of ['', ' ', 'ads-anime', 'constructor', '__proto__', 'oil'])
    refused({ style: wrong }, /^style must be one of: /);
});

test('null inside an object counts as absent, as it does in the body', () => {
  const loras = [{ name: 'a', weight: null, text_encoder_weight: null }];
  assert.deepEqual(text({ loras }).loras, text({ loras: [{ name: 'a' }] }).loras);
  refused({ loras: [{ name: null }] }, /^loras\[0\]\.name is mandatory$/);
  refused({ loras: [null] }, /^loras\[0\] must be an object/);
  const plain = text({ cache: { name: 'spectrum' } });
  const members = Object.fromEntries(Object.keys(plain.stepCache ?? {}).map((key) => [key, null]));
  assert.deepEqual(text({ cache: { ...members, other: null, name: 'spectrum' } }), plain);
});
