import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { readNumber, readNumbers } from './numbers.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'numbers-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

function note(dtype: string, bytes: Uint8Array, shape: readonly number[] = []) {
  const file = path.join(folder, String(files++));
  writeFileSync(file, bytes);
  return { file, byteOffset: 0, byteLength: bytes.length, dtype, shape };
}

/** Bit patterns by IEEE 754 and, of the 8-bit types, Micikevicius et al. 2022, table 1. */
const cases: [dtype: string, hex: string, value: number][] = [
  ['I64', '1000000000000000', 16],
  ['I64', 'ffffffffffffffff', -1],
  ['U64', '0000000001000000', 2 ** 32],
  ['I32', 'feffffff', -2],
  ['U32', 'ffffffff', 4294967295],
  ['I16', '00fe', -512],
  ['U16', 'ff00', 255],
  ['I8', 'fc', -4],
  ['U8', 'fc', 252],
  ['BOOL', '01', 1],
  ['BOOL', '00', 0],
  ['F64', '000000000000f83f', 1.5],
  ['F32', '0000c0bf', -1.5],
  ['F16', '003e', 1.5],
  ['BF16', '8042', 64],
  ['F8_E5M2', '3e', 1.5],
  ['F8_E5M2', '7b', 57344],
  ['F8_E4M3', '7e', 448],
  ['F8_E4M3', '01', 2 ** -9],
  ['F8_E4M3', 'b8', -1],
];
for (const [dtype, hex, value] of cases)
  test(`${hex} of ${dtype} is ${value}, as a scalar and as a vector of one`, async () => {
    for (const shape of [[], [1]])
      assert.equal(await readNumber('alpha', note(dtype, Buffer.from(hex, 'hex'), shape)), value);
  });

test('several numbers come in their order', async () => {
  const bytes = new Uint8Array(Float64Array.of(1, -2, 3.5).buffer);
  assert.deepEqual(await readNumbers('edm_mean', note('F64', bytes, [1, 3])), [1, -2, 3.5]);
});

test('none, several, one that is not finite, and a type without numbers are refused by name', async () => {
  const refuse = (dtype: string, hex: string, shape: readonly number[], message: RegExp) =>
    assert.rejects(readNumber('x.alpha', note(dtype, Buffer.from(hex, 'hex'), shape)), message);
  await refuse('F32', '', [0], /tensor "x\.alpha" has shape \[0\]; it must hold one number/);
  await refuse('F16', '003e003e', [2], /has shape \[2\]; it must hold one number/);
  await refuse('F32', '0000c07f', [], /tensor "x\.alpha" is NaN; it must be a finite number/);
  await refuse('C64', '0000000000000000', [], /has element type C64, which is no number/);
  await refuse('U8', '00', [5000], /holds 5000 numbers, the limit is 4096/);
});
