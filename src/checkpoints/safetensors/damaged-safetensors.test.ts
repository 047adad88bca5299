import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { CheckpointError } from '../checkpoint-error.ts';
import { bias, createHeaderFiles, refusal, weight } from '../testing/header-files.ts';
import { readSafetensorsHeader } from './safetensors.ts';

const { folder, fileOf, remove } = createHeaderFiles();
after(remove);

const refused: [title: string, header: unknown, dataBytes: number, message: RegExp][] = [
  [
    'a hole between tensors',
    { weight, bias: { ...bias, data_offsets: [14, 22] } },
    22,
    /"bias" begins at 14 where .* ends at 12/,
  ],
  [
    'an overlap',
    { weight, bias: { ...bias, data_offsets: [10, 18] } },
    18,
    /"bias" begins at 10 where .* ends at 12/,
  ],
  ['a first tensor that does not begin at 0', { bias }, 20, /"bias" begins at 12/],
  ['bytes after the last tensor', { weight }, 13, /1 bytes after the last tensor/],
  ['truncated data', { weight, bias }, 19, /truncated: tensor "bias" ends at 20 but the file holds 19/],
  [
    'offsets that run backwards',
    { weight: { ...weight, data_offsets: [12, 0] } },
    12,
    /"weight": data_offsets \[12, 0\] run backwards/,
  ],
  ['fractional offsets', { weight: { ...weight, data_offsets: [0, 12.5] } }, 12, /"weight": data_offsets/],
  ['negative offsets', { weight: { ...weight, data_offsets: [-12, 0] } }, 12, /"weight": data_offsets/],
  [
    'a shape that lies about its bytes',
    { weight: { ...weight, shape: [3, 3] } },
    12,
    /"weight": shape \[3,3\] of F16 needs 18 bytes but data_offsets hold 12/,
  ],
  [
    'a shape whose product overflows',
    { weight: { ...weight, shape: [2 ** 40, 2 ** 40, 0.5] } },
    12,
    /"weight": shape/,
  ],
  [
    'an unknown element type',
    { weight: { ...weight, dtype: 'F12' } },
    12,
    /"weight": unknown element type F12/,
  ],
  [
    'a type named as a property of objects',
    { weight: { ...weight, dtype: 'constructor' } },
    12,
    /unknown element/,
  ],
  ['a missing field', { weight: { dtype: 'F16', shape: [6] } }, 12, /"weight": data_offsets/],
  ['an entry that is no object', { weight: 5 }, 12, /"weight": its entry must be an object/],
  [
    'metadata that is not text',
    { __metadata__: { n: 1 }, weight },
    12,
    /__metadata__ must map names to strings/,
  ],
  [
    'a duplicate tensor',
    `{"a":${JSON.stringify(weight)},"a":${JSON.stringify(weight)}}`,
    12,
    /the key "a" occurs twice/,
  ],
  [
    'a duplicate tensor in another spelling',
    `{"a":${JSON.stringify(weight)},"\\u0061":${JSON.stringify(weight)}}`,
    12,
    /the key "a" occurs twice/,
  ],
  [
    'a duplicate field',
    '{"a":{"dtype":"F16","dtype":"F32","shape":[6],"data_offsets":[0,12]}}',
    12,
    /the key "dtype" occurs twice/,
  ],
  ['broken JSON', '{"a":', 0, /not valid JSON/],
  ['a header that is no object', '[1, 2, 3]', 0, /the header must begin with "\{"/],
];
for (const [title, header, dataBytes, message] of refused)
  test(`${title} is refused`, async () => assert.match(await refusal(fileOf(header, dataBytes)), message));

test('a header longer than the file or the limit is refused before it is read', async () => {
  assert.match(await refusal(fileOf({ weight }, 12, 5000)), /truncated: claims a header of 5000 bytes/);
  assert.match(
    await refusal(fileOf({ weight }, 12, 2 ** 40)),
    /claims a header of 1099511627776 bytes, the limit is/,
  );
});

test('an empty file, a folder and a missing file are refused', async () => {
  const empty = path.join(folder, 'empty.safetensors');
  writeFileSync(empty, '');
  assert.match(await refusal(empty), /0 bytes are too few/);
  assert.match(await refusal(folder), /not a regular file/);
  assert.match(await refusal(path.join(folder, 'absent.safetensors')), /missing/);
});

test('a pickle renamed to .safetensors is told apart', async () => {
  for (const start of ['504b03040a000000', '80029d71002e2e2e']) {
    const file = path.join(folder, `pickle-${start}.safetensors`);
    writeFileSync(file, Buffer.from(`${start}00000000000000000000`, 'hex'));
    assert.match(await refusal(file), /Python pickle/);
  }
});

test('more tensors than any network has are refused', async () => {
  const empty = { dtype: 'F16', shape: [0], data_offsets: [0, 0] };
  const header = Object.fromEntries(Array.from({ length: 100_001 }, (_, index) => [`t${index}`, empty]));
  assert.match(await refusal(fileOf(header, 0)), /100001 tensors, the limit is 100000/);
});

test('whatever bytes of a header are changed, it is read or refused with a CheckpointError', async () => {
  const whole = fileOf({ weight, bias, __metadata__: { format: 'pt' } }, 20);
  const original = readFileSync(whole);
  const file = path.join(folder, 'mutated.safetensors');
  const random = randomIntegers();
  for (let round = 0; round < 1500; round++) {
    const bytes = Buffer.from(
      original.subarray(0, original.length - (random() % 4 === 0 ? random() % 40 : 0)),
    );
    for (let change = random() % 4; change >= 0; change--)
      bytes[random() % (bytes.length - 20)] = random() % 256;
    writeFileSync(file, bytes);
    await readSafetensorsHeader(file).then(
      ({ tensors }) => {
        for (const { byteOffset, byteLength } of tensors.values()) {
          assert.ok(byteOffset >= 8 && byteOffset + byteLength <= bytes.length);
        }
      },
      (error: unknown) => assert.ok(error instanceof CheckpointError, String(error)),
    );
  }
});

/** The "minimal standard" generator of Park and Miller. */
function randomIntegers(): () => number {
  let state = 1;
  return () => {
    state = (state * 48271) % 0x7fffffff;
    return state >> 4;
  };
}
