import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { CheckpointError } from '../checkpoint-error.ts';
import { readSafetensorsHeader } from './safetensors.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'safetensors-'));
after(() => rmSync(folder, { recursive: true }));
let count = 0;

/** `header` is JSON text or a value; `dataBytes` zeros follow it. */
function fileOf(header: unknown, dataBytes: number, claimedLength?: number): string {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(claimedLength ?? json.length));
  const file = path.join(folder, `${count++}.safetensors`);
  writeFileSync(file, Buffer.concat([length, json, Buffer.alloc(dataBytes)]));
  return file;
}

const weight = { dtype: 'F16', shape: [2, 3], data_offsets: [0, 12] };
const bias = { dtype: 'F32', shape: [2], data_offsets: [12, 20] };

async function refusal(file: string): Promise<string> {
  const error = await readSafetensorsHeader(file).then(
    () => assert.fail('was accepted'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof CheckpointError, String(error));
  assert.ok(error.message.startsWith(file), error.message);
  return error.message.slice(file.length + 2);
}

test('every tensor is found with its place in the file, in any order of the header', async () => {
  const header = { bias, __metadata__: { format: 'pt' }, weight };
  const file = fileOf(header, 20);
  const begin = 8 + JSON.stringify(header).length;
  assert.deepEqual(
    [...(await readSafetensorsHeader(file)).tensors],
    [
      ['bias', { file, byteOffset: begin + 12, byteLength: 8, dtype: 'F32', shape: [2] }],
      ['weight', { file, byteOffset: begin, byteLength: 12, dtype: 'F16', shape: [2, 3] }],
    ],
  );
});

test('scalars, empty tensors and a header padded with spaces are read', async () => {
  const header = JSON.stringify({
    scalar: { dtype: 'BF16', shape: [], data_offsets: [0, 2] },
    empty: { dtype: 'F32', shape: [0, 4], data_offsets: [0, 0] },
  });
  const { tensors } = await readSafetensorsHeader(fileOf(`${header}   `, 2));
  assert.equal(tensors.get('scalar')!.byteLength, 2);
  assert.equal(tensors.get('empty')!.byteLength, 0);
});

test('a symbolic link is followed to the file that holds the data', async () => {
  const file = fileOf({ weight }, 12);
  const link = path.join(folder, 'link.safetensors');
  symlinkSync(file, link);
  assert.equal((await readSafetensorsHeader(link)).tensors.get('weight')!.file, file);
});

test('position_ids are left out, any other integer tensor is refused by name and type', async () => {
  const integers = { dtype: 'I64', shape: [1], data_offsets: [12, 20] };
  const { tensors } = await readSafetensorsHeader(
    fileOf({ weight, 'text_model.embeddings.position_ids': integers }, 20),
  );
  assert.deepEqual([...tensors.keys()], ['weight']);
  assert.equal(
    await refusal(fileOf({ weight, counter: integers }, 20)),
    'tensor "counter" has element type I64; supported are F32, F16 and BF16',
  );
});

test('what the reference implementation reads is read', async () => {
  const names = async (header: unknown, dataBytes: number) => [
    ...(await readSafetensorsHeader(fileOf(header, dataBytes))).tensors.keys(),
  ];
  assert.deepEqual(await names({ __metadata__: null, weight }, 12), ['weight']);
  assert.deepEqual(await names(` \n${JSON.stringify({ weight })}`, 12), ['weight']);
  assert.deepEqual(await names({ weight: { ...weight, comment: 'kept' } }, 12), ['weight']);
  assert.deepEqual(await names('{}', 0), []);
});

test('a tensor of any element type of the format is a note where one is expected', async () => {
  const types: [dtype: string, shape: number[], bytes: number][] = [
    ['BOOL', [], 1],
    ['U64', [], 8],
    ['C64', [1], 8],
    ['F8_E8M0', [3], 3],
    ['F6_E2M3', [4], 3],
    ['F4', [2], 1],
  ];
  for (const [dtype, shape, bytes] of types) {
    const file = fileOf({ 'x.alpha': { dtype, shape, data_offsets: [0, bytes] } }, bytes);
    const { notes, tensors } = await readSafetensorsHeader(file, () => 'note');
    assert.deepEqual(
      [notes.get('x.alpha')!.dtype, notes.get('x.alpha')!.shape, tensors.size],
      [dtype, shape, 0],
    );
  }
});

test('a header of up to 100,000,000 bytes is read, as in the reference implementation', async () => {
  const preview = 'x'.repeat(20 * 2 ** 20);
  const { metadata } = await readSafetensorsHeader(fileOf({ __metadata__: { preview }, weight }, 12));
  assert.equal(metadata.preview!.length, preview.length);
  assert.match(
    await refusal(fileOf({ weight }, 12, 100_000_001)),
    /claims a header of 100000001 bytes, the limit is 100000000/,
  );
});

test('a key of megabytes is read or refused in a message that can be shown', async () => {
  const name = '\\"'.repeat(2 ** 20);
  const { tensors } = await readSafetensorsHeader(fileOf({ [name]: weight }, 12));
  assert.deepEqual([...tensors.keys()], [name]);
  const message = await refusal(fileOf({ [name]: { ...weight, dtype: 'I8' } }, 12));
  assert.ok(message.length < 2100, String(message.length));
});

test('a pipe under the name of a weights file is refused and does not hold the load', async () => {
  const pipe = path.join(folder, 'pipe.safetensors');
  execFileSync('mkfifo', [pipe]);
  assert.match(await refusal(pipe), /not a regular file/);
});

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
