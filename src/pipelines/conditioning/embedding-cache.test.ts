import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEmbeddingCache } from './embedding-cache.ts';

const encoding = (values: number) => ({ hiddenStates: new Float32Array(values), pooled: undefined });

test('the least recently used encoding leaves when the bytes run out', () => {
  const cache = createEmbeddingCache(3 * 40);
  for (const key of ['a', 'b', 'c']) cache.set(key, encoding(10));
  assert.ok(cache.get('a'));
  cache.set('d', encoding(10));
  assert.equal(cache.get('b'), undefined);
  assert.ok(cache.get('a') && cache.get('c') && cache.get('d'));
  assert.equal(cache.bytes, 120);
});

test('an encoding larger than the whole cache is not kept and pushes nothing out', () => {
  const cache = createEmbeddingCache(50);
  cache.set('small', encoding(10));
  cache.set('large', encoding(13));
  assert.equal(cache.get('large'), undefined);
  assert.ok(cache.get('small'));
});

test('replacing an encoding counts its bytes once', () => {
  const cache = createEmbeddingCache(1000);
  cache.set('a', { hiddenStates: new Float32Array(10), pooled: new Float32Array(5) });
  cache.set('a', encoding(20));
  assert.equal(cache.bytes, 80);
});
