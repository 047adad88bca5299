import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { Component, TensorLocation } from './checkpoint.ts';
import { haveSameWeights } from './same-weights.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'same-weights-'));
after(() => rmSync(directory, { recursive: true }));

/** Tensors of several sizes, one of them longer than what is read at once. */
const sizes = [4, 64, 1000, 4.5 * 2 ** 20, 2 ** 16];
const content = randomBytes(sizes.reduce((sum, size) => sum + size));

/** A component in a file of its own. @param changed the byte of it that is another one. */
function component(name: string, changed?: number): Component<unknown> {
  const bytes = Uint8Array.from(content);
  if (changed !== undefined) bytes[changed]! ^= 1;
  const file = path.join(directory, name);
  writeFileSync(file, bytes);
  const tensors = new Map<string, TensorLocation>();
  let byteOffset = 0;
  for (const [index, byteLength] of sizes.entries()) {
    tensors.set(`tensor ${index}`, { file, byteOffset, byteLength, dtype: 'F16', shape: [byteLength / 2] });
    byteOffset += byteLength;
  }
  return { name, directory, configFile: file, className: 'Net', config: {}, tensors };
}

test('weights are the same where every byte of every tensor is', async () => {
  const one = component('one');
  assert.equal(await haveSameWeights(one, component('other')), true);
  const [, , , long, last] = [...one.tensors.values()];
  for (const changed of [
    0,
    ...[long!.byteOffset, long!.byteOffset + 4.25 * 2 ** 20, last!.byteOffset + last!.byteLength - 1],
  ])
    assert.equal(await haveSameWeights(one, component(`changed ${changed}`, changed)), false, `${changed}`);
});

test('weights that cannot be read are not taken for other ones', async () => {
  const [one, other] = [component('whole'), component('cut')];
  const [first] = other.tensors.keys();
  const without = (of: Component<unknown>) => ({
    ...of,
    tensors: new Map([...of.tensors].filter(([name]) => name === first || name === 'tensor 4')),
  });
  writeFileSync(path.join(directory, 'cut'), content.subarray(0, 4));
  await assert.rejects(haveSameWeights(without(one), without(other)), /cut: ends before byte/);
});
