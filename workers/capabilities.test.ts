import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilitiesOf, inLoadingOrder, modelsBehind, requireRoom } from './capabilities.ts';

const models = [
  { name: 'juggernaut-xi', serves: ['juggernaut', 'realvis'] },
  { name: 'refiner-1.0', serves: ['sdxl-refiner'] },
  { name: 'base-1.0', serves: ['sdxl-base'] },
];

test('names decide which endpoints there are and which base models', () => {
  const { endpoints, refiner, baseModels } = capabilitiesOf(models, 8);
  assert.deepEqual(endpoints, ['sdxl-torch', 'sdxl-img2img']);
  assert.equal(refiner, true);
  assert.deepEqual(baseModels, ['juggernaut', 'realvis']);
  assert.deepEqual(capabilitiesOf(models.slice(0, 1), 8).endpoints, ['sdxl-img2img']);
});

test('base and refiner are loaded first', () => {
  assert.deepEqual(
    inLoadingOrder(models).map(({ name }) => name),
    ['base-1.0', 'refiner-1.0', 'juggernaut-xi'],
  );
});

test('several names of one checkpoint need it once, and a name that is not served needs what is not there', () => {
  assert.deepEqual(modelsBehind(['juggernaut', 'realvis'], models), ['juggernaut-xi']);
  assert.equal(modelsBehind(['sdxl-base', 'yamer'], models), undefined);
});

test('room for one checkpoint is refused where base and refiner are two', () => {
  assert.throws(() => requireRoom(models, 1), /RESIDENT_MODELS="1": .*\(base-1\.0, refiner-1\.0\)/);
  requireRoom(models, 2);
  requireRoom(models.slice(0, 2), 1);
  requireRoom([{ name: 'both', serves: ['sdxl-base', 'sdxl-refiner'] }], 1);
});
