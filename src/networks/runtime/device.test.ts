import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDevice } from './device.ts';

test('cpu, webgpu and a numbered CUDA device are devices', () => {
  for (const text of ['cpu', 'webgpu', 'cuda:0', 'cuda:11']) assert.equal(parseDevice(text), text);
});

test('anything else is refused by name', () => {
  for (const text of ['', 'gpu', 'cuda', 'cuda:', 'cuda:-1', 'cuda:x', 'CPU', 'cpu '])
    assert.throws(
      () => parseDevice(text),
      new RegExp(`device is "${text}"; it must be cpu, webgpu or cuda:N`),
    );
});
