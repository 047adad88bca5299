import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTraceparent } from './traceparent.ts';

// https://www.w3.org/TR/trace-context/#traceparent-header
test('a traceparent is what W3C Trace Context says', () => {
  assert.ok(isTraceparent('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'));
  assert.ok(isTraceparent('00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00'));
  for (const wrong of [
    '',
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
    '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01',
    'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-extra',
  ])
    assert.ok(!isTraceparent(wrong), wrong);
});
