import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Generated } from '../engine/generator.ts';
import { fakeRequest } from '../testing/queue.ts';
import type { AdapterKind } from './checkpoints/watch-adapters.ts';
import type { WeightHashes } from './checkpoints/weight-hashes.ts';
import { determinismOf } from './determinism.ts';

const generated: Generated = {
  pictures: [{ bytes: new Uint8Array(), seed: 7, latentSha256: 'latents' }],
  checkpoints: ['base'],
  stageSeconds: {},
  stages: [],
  ...{ runtime: 'runtime', precision: 'float32', repeatable: true },
};
const hashes: WeightHashes = {
  of: (model) => ({ [model]: 'weights' }),
  ofFile: async (file) => (file.includes('large') ? null : `hash of ${file}`),
  done: Promise.resolve(),
  close: async () => undefined,
};
const adapters = {
  fileOf: (kind: AdapterKind, name: string) => (name === 'gone' ? undefined : `${kind}/${name}`),
};
const report = (more: object) =>
  determinismOf({ ...fakeRequest('a fox', 1), ...more }, generated, { device: 'cpu' }, hashes, adapters);

test('a report names the LoRAs and embeddings that took part with the hashes of their files', async () => {
  const { loras, embeddings } = await report({
    loras: [
      { name: 'ink', weight: 0.5, textEncoderWeight: 0 },
      { name: 'large', weight: 1 },
    ],
    embeddings: [
      { name: 'tok', tokens: 8 },
      { name: 'gone', tokens: 1 },
    ],
  });
  assert.deepEqual(loras, [
    { name: 'ink', weight: 0.5, textEncoderWeight: 0, sha256: 'hash of loras/ink' },
    { name: 'large', weight: 1, sha256: null },
  ]);
  assert.deepEqual(embeddings, [
    { name: 'tok', sha256: 'hash of embeddings/tok' },
    { name: 'gone', sha256: null },
  ]);
});

test('a report of a request without any has none', async () => {
  const plain = await report({});
  assert.equal('loras' in plain || 'embeddings' in plain, false);
  assert.deepEqual(plain.checkpoints, [{ name: 'base', weights: { base: 'weights' } }]);
});
