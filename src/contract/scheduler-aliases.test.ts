import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schedulerNames } from '../schedulers/registry.ts';
import { parseImageToImage, parseTextToImage } from './bodies.ts';
import { listSchedulers } from './lists.ts';
import { schedulerAliases } from './scheduler-aliases.ts';

const defaults = { drawSeed: () => 1, rng: 'philox' } as const;

for (const endpoint of ['sdxl-torch', 'sdxl-img2img'] as const)
  test(`every alias of ${endpoint} stands for one of its schedulers and is none itself`, () => {
    const names: readonly string[] = schedulerNames(endpoint);
    for (const [alias, name] of Object.entries(schedulerAliases[endpoint])) {
      assert.ok(names.includes(name), `${alias} -> ${name}`);
      assert.ok(!names.includes(alias), alias);
    }
    assert.deepEqual(listSchedulers()[endpoint].aliases, schedulerAliases[endpoint]);
  });

test('a request by an alias is the request by the name', () => {
  const prompt = 'a panda';
  assert.deepEqual(
    parseTextToImage({ prompt, scheduler: 'EulerAncestralDiscreteScheduler' }, defaults),
    parseTextToImage({ prompt, scheduler: 'Euler a' }, defaults),
  );
  const image = 'https://pictures.example/a.png';
  assert.deepEqual(
    parseImageToImage({ prompt, image, scheduler: 'dpmpp_2m' }, defaults),
    parseImageToImage({ prompt, image, scheduler: 'DPM++ 2M' }, defaults),
  );
});

test('what could mean several schedulers or none is refused by the names there are', () => {
  for (const scheduler of ['dpmpp_sde_ancestral', 'normal', 'KDPM2DiscreteScheduler', 'constructor'])
    assert.throws(
      () => parseTextToImage({ prompt: 'a', scheduler }, defaults),
      new RegExp(`scheduler must be one of: .*UniPC.*, got "${scheduler}"`),
    );
});
