import assert from 'node:assert/strict';
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { CheckpointError } from '../checkpoint-error.ts';
import { externalLocations, requireOwnData } from './external-data.ts';

const root = mkdtempSync(path.join(tmpdir(), 'external-data-'));
let folder = '';
let count = 0;
beforeEach(() => {
  folder = path.join(root, String(count++));
  mkdirSync(path.join(folder, 'sub'), { recursive: true });
});
after(() => rmSync(root, { recursive: true }));

const at = (...names: string[]) => path.join(folder, ...names);

/** Protobuf by hand: a field with content of a length. */
function field(number: number, content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) | 128);
  }
}

const entry = (key: string, value: string) => field(13, Buffer.concat([field(1, key), field(2, value)]));
const tensor = (location: string) =>
  Buffer.concat([field(8, 'w'), entry('offset', '0'), entry('location', location)]);
/** A model whose graph has one initializer in another file. */
const modelOf = (location: string) => field(7, field(5, tensor(location)));

function write(bytes: Uint8Array): string {
  writeFileSync(at('model.onnx'), bytes);
  return at('model.onnx');
}

test('external data are found wherever a tensor can stand', () => {
  const attribute = (content: Buffer) => field(5, content);
  const graph = (content: Buffer) => field(7, content);
  const file = write(
    Buffer.concat([
      Buffer.from([0x08, 10]),
      graph(
        Buffer.concat([
          field(5, tensor('initializer')),
          field(5, Buffer.concat([field(9, Buffer.alloc(200_000)), field(8, 'inline')])),
          field(15, field(1, tensor('sparse values'))),
          field(1, attribute(field(5, tensor('attribute')))),
          field(1, attribute(field(10, tensor('attribute list')))),
          field(1, attribute(field(6, field(5, tensor('subgraph'))))),
          field(1, attribute(field(11, field(1, attribute(field(22, field(2, tensor('deep')))))))),
        ]),
      ),
      field(25, field(7, attribute(field(5, tensor('function'))))),
      field(20, field(2, field(5, tensor('training')))),
      graph(field(5, tensor('initializer'))),
    ]),
  );
  assert.deepEqual(externalLocations(file), [
    'initializer',
    'sparse values',
    'attribute',
    'attribute list',
    'subgraph',
    'deep',
    'function',
    'training',
  ]);
});

test('regular files of the folder are taken', async () => {
  writeFileSync(at('weights.onnx_data'), '');
  writeFileSync(at('sub', 'more'), '');
  const file = write(Buffer.concat([modelOf('weights.onnx_data'), modelOf('./sub/more')]));
  assert.deepEqual(await requireOwnData(file), [at('weights.onnx_data'), at('sub', 'more')]);
});

for (const location of ['../secret', 'sub/../../secret', '/etc/passwd', 'sub\\..\\..\\secret', '', 'a\0b'])
  test(`the path ${JSON.stringify(location)} is refused before anything is opened`, async () => {
    writeFileSync(path.join(root, 'secret'), '');
    await assert.rejects(
      requireOwnData(write(modelOf(location))),
      (error: Error) =>
        error instanceof CheckpointError && /which is no path inside its folder/.test(error.message),
    );
  });

test('links, hard links, folders and missing files are refused by name', async () => {
  writeFileSync(path.join(root, 'secret'), '');
  symlinkSync(path.join(root, 'secret'), at('link'));
  symlinkSync('gone', at('dangling'));
  symlinkSync(root, at('sub', 'up'));
  writeFileSync(at('own'), '');
  symlinkSync('own', at('inner'));
  linkSync(path.join(root, 'secret'), at('hard'));
  for (const [location, message] of [
    ['link', /link is a link to .*secret/],
    ['dangling', /dangling is a link to nothing/],
    ['sub/up/secret', /secret is a link to/],
    ['inner', /inner is a link to .*own/],
    ['hard', /hard has another name elsewhere/],
    ['sub', /sub is no regular file/],
    ['gone', /gone is missing/],
  ] as const)
    await assert.rejects(requireOwnData(write(modelOf(location))), message);
});

test('a model that is itself a link or missing is refused', async () => {
  writeFileSync(path.join(root, 'elsewhere.onnx'), modelOf('x'));
  symlinkSync(path.join(root, 'elsewhere.onnx'), at('model.onnx'));
  await assert.rejects(requireOwnData(at('model.onnx')), /model\.onnx is a link to .*elsewhere\.onnx/);
  await assert.rejects(requireOwnData(at('none.onnx')), /none\.onnx is missing/);
});

test('a folder may be reached through a link: its files are its own', async () => {
  writeFileSync(at('w'), '');
  write(modelOf('w'));
  symlinkSync(folder, path.join(root, `link-${count}`));
  const [data] = await requireOwnData(path.join(root, `link-${count}`, 'model.onnx'));
  assert.equal(data, at('w'));
});

test('cut and damaged models are read or refused by name, and never hang', () => {
  const whole = Buffer.concat([modelOf('a'), field(7, field(1, field(5, field(6, field(5, tensor('b'))))))]);
  for (let position = 0; position < whole.length; position++) {
    const changed = Buffer.from(whole);
    changed[position]! ^= 0xff;
    for (const bytes of [changed, whole.subarray(0, position)]) {
      try {
        externalLocations(write(bytes));
      } catch (error) {
        assert.match((error as Error).message, /model\.onnx: not an ONNX model \(damaged at byte \d+\)/);
      }
    }
  }
  assert.deepEqual(externalLocations(write(whole)), ['a', 'b']);
});

test('graphs nested without end are refused', () => {
  let graph = field(5, tensor('x'));
  for (let depth = 0; depth < 100; depth++) graph = field(1, field(5, field(6, graph)));
  assert.throws(() => externalLocations(write(field(7, graph))), /nested more than 64 deep/);
});

test('a pickle and a text file are no models', () => {
  assert.throws(() => externalLocations(write(Buffer.from('PK\x03\x04abc'))), /not an ONNX model/);
  assert.throws(
    () => externalLocations(write(Buffer.from('version https://git-lfs.github.com/spec/v1\n'))),
    /not an ONNX model/,
  );
  assert.ok(readFileSync(at('model.onnx')).length > 0);
});
