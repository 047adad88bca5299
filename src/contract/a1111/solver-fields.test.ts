import assert from 'node:assert/strict';
import { test } from 'node:test';
import { translatePictures, translateTexts } from './translate.ts';

/** As modules/sd_samplers_kdiffusion.py of AUTOMATIC1111 does, commit 01a40c6. */

const said = { eta: 0.5, s_churn: 3, s_tmin: 0.1, s_tmax: 10, s_noise: 1.05 };

for (const [sampler_name, expected] of [
  ['Euler a', { eta: 0.5, s_noise: 1.05 }],
  ['Euler', { s_churn: 3, s_tmin: 0.1, s_tmax: 10, s_noise: 1.05 }],
  ['DPM++ 2M SDE', { eta: 0.5, s_noise: 1.05 }],
  ['DDIM', { eta: 0.5, s_noise: 1.05 }],
  ['DPM++ 2M', {}],
  ['UniPC', {}],
] as const)
  test(`${sampler_name} takes what means something to it, and the rest is without effect`, () => {
    const images = { init_images: ['a'] };
    for (const { fields } of [
      translateTexts({ sampler_name, ...said }, true),
      translatePictures({ sampler_name, ...said, ...images }, true),
    ])
      assert.deepEqual(
        Object.fromEntries(
          Object.keys(said).flatMap((name) => (name in fields ? [[name, fields[name]]] : [])),
        ),
        expected,
      );
  });

test('what changes nothing is not repeated, and a largest sigma of 0 is none', () => {
  const fieldsOf = (body: object) => {
    const { fields } = translateTexts({ sampler_name: 'Heun', ...body }, true);
    return Object.keys(said).filter((name) => name in fields);
  };
  // As webuiapi sends them.
  assert.deepEqual(fieldsOf({ eta: 1, s_churn: 0, s_tmax: 0, s_tmin: 0, s_noise: 1 }), []);
  assert.deepEqual(fieldsOf({ s_churn: 2, s_tmax: 0 }), ['s_churn']);
  assert.deepEqual(fieldsOf({ eta: null, s_churn: null }), []);
});

test('an infotext brings the options of its solver, unless the request names another', () => {
  const infotext =
    'a <lora:ink:0.5>\nSteps: 25, Sampler: Euler a, CFG rescale phi: 0.5, Eta: 0.25, Seed: 1, Size: 512x512, ' +
    'Original size: "[640,512]", Scheduler: Euler a';
  const { fields } = translateTexts({ infotext }, true);
  const { eta, guidance_rescale, scheduler, original_size, prompt } = fields;
  assert.deepEqual(
    [eta, guidance_rescale, scheduler, original_size, prompt],
    [0.25, 0.5, 'Euler a', '[640,512]', 'a <lora:ink:0.5>'],
  );
  const other = translateTexts({ infotext, sampler_name: 'DPM++ 2M' }, true).fields;
  assert.deepEqual([other.eta, other.scheduler, other.guidance_rescale], [undefined, undefined, 0.5]);
});
