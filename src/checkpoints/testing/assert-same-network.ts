import assert from 'node:assert/strict';
import type { Component } from '../checkpoint.ts';
import { readTensorValues } from '../safetensors/tensor-values.ts';

/**
 * Holds two networks to the same config and the same tensors, in name, shape, element type and every number.
 */
export async function assertSameNetwork(
  actual: Component<unknown>,
  expected: Component<unknown>,
): Promise<void> {
  assert.deepEqual([...actual.tensors.keys()].sort(), [...expected.tensors.keys()].sort());
  assert.deepEqual(actual.config, expected.config);
  assert.equal(actual.className, expected.className);
  for (const [name, location] of expected.tensors) {
    const other = actual.tensors.get(name)!;
    assert.deepEqual([other.shape, other.dtype], [location.shape, location.dtype], name);
    const [values, expectedValues] = [await readTensorValues(other), await readTensorValues(location)];
    assert.ok(Buffer.from(values.buffer).equals(Buffer.from(expectedValues.buffer)), name);
  }
}
