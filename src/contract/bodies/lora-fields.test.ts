import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ApiError } from '../errors.ts';
import { parseTextToImage } from './bodies.ts';
import { lorasOf } from './lora-fields.ts';

const defaults = { drawSeed: () => 1, rng: 'philox' } as const;
const parse = (body: object) => parseTextToImage({ prompt: 'a fox', ...body }, defaults);
const refusal = (body: object): string => {
  try {
    parse(body);
  } catch (error) {
    assert.ok(error instanceof ApiError && error.status === 400);
    return error.message;
  }
  return assert.fail('accepted');
};

test('LoRAs come in their field, as JSON text in a form, and in the prompt, which loses them', () => {
  const loras = [{ name: 'a', weight: 0.5, text_encoder_weight: 0 }, { name: 'b' }];
  const expected = [
    { name: 'a', weight: 0.5, textEncoderWeight: 0 },
    { name: 'b', weight: 1 },
  ];
  assert.deepEqual(parse({ loras }).loras, expected);
  assert.deepEqual(parse({ loras: JSON.stringify(loras) }).loras, expected);
  const both = parse({ loras, prompt: 'a <lora:c/d e:0.8>fox<lora:f>' });
  assert.equal(both.prompt, 'a fox');
  assert.deepEqual(both.loras?.slice(2), [
    { name: 'c/d e', weight: 0.8 },
    { name: 'f', weight: 1 },
  ]);
});

// A1111's extensions-builtin/Lora/extra_networks_lora.py: text encoders first, then the UNet, or by name.
for (const [tag, choice] of [
  ['<lora:a:-1>', { name: 'a', weight: -1 }],
  ['<lora:a:0.5:2>', { name: 'a', weight: 2, textEncoderWeight: 0.5 }],
  ['<lora:a:1:unet=0.25>', { name: 'a', weight: 0.25, textEncoderWeight: 1 }],
  ['<lora:a:te=0:unet=.5>', { name: 'a', weight: 0.5, textEncoderWeight: 0 }],
  ['<lyco:a:1.>', { name: 'a', weight: 1 }],
] as const)
  test(`${tag} is read as A1111 reads it`, () => {
    assert.deepEqual(lorasOf(`x ${tag}`), { prompt: 'x ', loras: [choice] });
  });

test('a prompt without such tags stays as it is, to the character', () => {
  for (const prompt of ['a fox', '<lora>', '<hypernet:a:1>', '< lora:a:1>', 'a<b:c>'])
    assert.deepEqual(lorasOf(prompt), { prompt });
});

for (const [body, message] of [
  [
    { loras: 'style' },
    /^loras must be a list of at most 8 objects with name, weight, text_encoder_weight, got/,
  ],
  [{ loras: [{ weight: 1 }] }, /^loras\[0\]\.name is mandatory$/],
  [
    { loras: [{ name: 'a' }, { name: 'b', weight: 11 }] },
    /^loras\[1\]\.weight must be a number from -10 to 10, got 11$/,
  ],
  [{ loras: [{ name: 'a', text_encoder_weight: 'x' }] }, /^loras\[0\]\.text_encoder_weight must be a number/],
  [
    { loras: Array.from({ length: 9 }, (_, at) => ({ name: `${at}` })) },
    /^loras must be a list of at most 8/,
  ],
  [{ loras: [{ name: 'a' }], prompt: '<lora:a:1>' }, /^loras: "a" is named twice$/],
  [{ prompt: '<lora:a:much>' }, /^prompt: "<lora:a:much>" must be <lora:name:weight>/],
  [{ prompt: '<lora:a:11>' }, /with a weight from -10 to 10$/],
  [
    { prompt: Array.from({ length: 9 }, (_, at) => `<lora:${at}>`).join('') },
    /^loras must be at most 8 .*got 9$/,
  ],
] as const)
  test(`what is no choice of LoRAs is refused: ${JSON.stringify(body).slice(0, 60)}`, () => {
    assert.match(refusal(body), message);
  });
