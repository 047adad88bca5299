import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilitiesBody } from '../../contract/answers/capabilities.ts';
import { listSamplers } from '../../contract/answers/lists.ts';
import { modelList } from '../../contract/openai/models.ts';
import { modelsServed } from '../../contract/served-models.ts';
import type { Body, Offered } from '../parts/wire.ts';
import { requestOf, schedulesOf, schemasOf, takesAdapters, takesCache, withChoice } from './schemas.ts';
import { type Mode, type Settings, withValues } from './values.ts';

/** What a server with the published base, one published base model and one of few steps answers. */
const turbo = {
  defaults: {
    scheduler: 'Euler a',
    steps: 4,
    guidanceScale: 1,
    width: 512,
    negativePrompt: 'bad',
    clipSkip: 1,
  },
  ranges: { steps: [1, 8], guidanceScale: [0, 2] },
} as const;
const worker = {
  ...{ device: 'cpu', busy: false, refiner: true, endpoints: ['sdxl-torch'] as const },
  baseModels: ['juggernaut', 'turbo', 'olive'],
  models: [
    { name: 't', serves: ['turbo'], profile: turbo },
    { name: 'o', serves: ['olive'], exported: true },
  ] as const,
};
const offered = {
  ...capabilitiesBody([worker], {
    ...{ version: '0', authentication: true, waiting: 0, image_bytes: 1, lab_report: false },
  }),
  models: modelList(modelsServed([worker])).data,
  loras: {
    data: [
      { name: 'ink', kind: 'lora', trigger_words: [] },
      {
        ...{ name: 'fast', kind: 'lora', trigger_words: [] },
        few_step: {
          ...{ kind: 'lightning', steps: 4, known_by: 'manifest' },
          defaults: {
            ...{ scheduler: 'Euler', sampler: 'euler', schedule: 'turbo' },
            ...{ num_inference_steps: 4, guidance_scale: 0 },
          },
          ranges: { num_inference_steps: [1, 100], guidance_scale: [0, 25] },
        },
      },
    ],
    unusable: [],
  },
  embeddings: { data: [], unusable: [] },
  samplers: listSamplers(),
} as unknown as Offered;

const saying = (body: Body, mode: Mode = 'text'): Settings => {
  const empty = { 'sdxl-torch': {}, 'sdxl-img2img': {} };
  return withValues(
    { mode, seedLocked: false, values: empty, compared: { schedulers: [], steps: [] } },
    body,
  );
};
const shown = (current: Settings, field: string) => {
  const { default: usual, minimum, maximum } = schemasOf(offered, current)[field]!;
  return [usual, minimum, maximum];
};

test('a chosen model moves defaults and ranges of the form, for each endpoint as the server holds them', () => {
  assert.deepEqual(shown(saying({}), 'num_inference_steps'), [25, 20, 100]);
  assert.deepEqual(shown(saying({ model: 'turbo' }), 'num_inference_steps'), [4, 1, 8]);
  assert.deepEqual(shown(saying({ model: 'turbo' }), 'guidance_scale'), [1, 0, 2]);
  assert.equal(schemasOf(offered, saying({ model: 'turbo' })).refiner!.default, false);
  assert.deepEqual(shown(saying({}, 'image'), 'num_inference_steps'), [30, 20, 100]);
  assert.deepEqual(shown(saying({ base_model: 'turbo' }, 'image'), 'num_inference_steps'), [4, 1, 8]);
});

test('a LoRA of few steps moves them too, and what was asked before it makes way', () => {
  const chosen = (name: string, weight = 1) => ({ loras: [{ name, weight }] });
  assert.deepEqual(shown(saying(chosen('fast')), 'num_inference_steps'), [4, 1, 100]);
  assert.deepEqual(shown(saying(chosen('fast')), 'guidance_scale'), [0, 0, 25]);
  assert.equal(schemasOf(offered, saying(chosen('fast'))).refiner!.default, false);
  assert.equal(schemasOf(offered, saying(chosen('fast'), 'image')).scheduler!.default, 'euler turbo');
  for (const other of [chosen('ink'), chosen('fast', 0), { ...chosen('fast'), model: 'olive' }])
    assert.deepEqual(shown(saying(other), 'num_inference_steps'), [25, 20, 100]);
  const before = saying({ prompt: 'p', num_inference_steps: 30 });
  const { body } = requestOf(offered, withChoice(offered, before, chosen('fast')));
  assert.deepEqual(body, { prompt: 'p', ...chosen('fast') });
  // The published 25 is a wish of its own then.
  const asked = saying({ prompt: 'p', ...chosen('fast'), num_inference_steps: 25 });
  assert.equal(requestOf(offered, asked).body.num_inference_steps, 25);
});

test('a sampler or a schedule opens the ranges, and CFG++ has a guidance of its own', () => {
  assert.deepEqual(shown(saying({ schedule: 'karras' }), 'num_inference_steps'), [25, 1, 100]);
  assert.deepEqual(shown(saying({ sampler: 'euler_cfg_pp' }), 'guidance_scale'), [0.6, 0, 25]);
  assert.deepEqual(shown(saying({ sampler: 'euler' }, 'compare'), 'num_inference_steps'), [25, 20, 100]);
  assert.ok(schedulesOf(offered, '').length > schedulesOf(offered, 'dpm_fast').length);
});

test('nothing is sent that was not chosen: what the model or the server does by itself stays out', () => {
  const values = { prompt: 'p', negative_prompt: '', loras: [], sampler: '', num_inference_steps: 25 };
  assert.deepEqual(requestOf(offered, saying(values)), { slug: 'sdxl-torch', body: { prompt: 'p' } });
  const own = { prompt: 'p', model: 'turbo', num_inference_steps: 4, guidance_scale: 1, img_width: 512 };
  assert.deepEqual(requestOf(offered, saying(own)).body, { prompt: 'p', model: 'turbo' });
  // The model's own negative prompt can be taken away.
  const without = { prompt: 'p', model: 'turbo', negative_prompt: '' };
  assert.deepEqual(requestOf(offered, saying(without)).body, without);
});

test('sampler and schedule take the place of the scheduler, but not in a comparison', () => {
  const body = { prompt: 'p', scheduler: 'LMS', sampler: 'euler', schedule: 'beta' };
  const { scheduler, ...parts } = body;
  assert.deepEqual(requestOf(offered, saying(body)).body, parts);
  assert.deepEqual(requestOf(offered, saying(body, 'compare')).body, { prompt: 'p', scheduler });
});

test('a step cache is asked for where the scheduler or the sampler takes one, and nowhere else', () => {
  for (const [body, takes] of [
    [{}, true],
    [{ scheduler: 'UniPC' }, true],
    // It asks the network twice in a step (docs/samplers.md).
    [{ scheduler: 'Heun' }, false],
    [{ sampler: 'heun' }, false],
    [{ scheduler: 'Heun', sampler: 'dpmpp_2m' }, true],
    // On the usual sampler.
    [{ scheduler: 'Heun', schedule: 'karras' }, true],
  ] as const) {
    const current = saying({ prompt: 'p', cache: 'spectrum', ...body });
    assert.equal(takesCache(offered, current), takes, JSON.stringify(body));
    assert.equal(requestOf(offered, current).body.cache, takes ? 'spectrum' : undefined);
    assert.equal(takesCache(offered, saying(body, 'compare')), false);
  }
  assert.equal(takesCache(offered, saying({ cache: 'ucache', scheduler: 'Euler a' }, 'image')), true);
});

test('LoRAs and embeddings are offered where the model takes them, and LoRAs are not sent elsewhere', () => {
  const loras = [{ name: 'ink', weight: 1 }];
  for (const [body, mode, takes] of [
    [{}, 'text', true],
    [{ model: 'turbo' }, 'text', true],
    [{ model: 'olive' }, 'text', false],
    [{}, 'image', true],
    [{ base_model: 'olive' }, 'image', false],
  ] as const) {
    const current = saying({ prompt: 'p', loras, ...body }, mode);
    assert.equal(takesAdapters(offered, current), takes, JSON.stringify(body));
    assert.deepEqual(requestOf(offered, current).body.loras, takes ? loras : undefined);
  }
});

test("clip skip begins with the model's own, or with what SDXL does without", () => {
  assert.deepEqual(shown(saying({}), 'clip_skip'), [0, 0, 11]);
  assert.equal(requestOf(offered, saying({ prompt: 'p', clip_skip: 0 })).body.clip_skip, undefined);
  assert.equal(requestOf(offered, saying({ prompt: 'p', clip_skip: 2 })).body.clip_skip, 2);
  assert.equal(shown(saying({ model: 'turbo' }), 'clip_skip')[0], 1);
  assert.equal(requestOf(offered, saying({ model: 'turbo', clip_skip: 0 })).body.clip_skip, 0);
  const { values } = withChoice(offered, saying({ clip_skip: 2 }), { model: 'turbo' });
  assert.deepEqual(values['sdxl-torch'], { model: 'turbo' });
});

test('choosing moves what has another default or is out of range then, and nothing else', () => {
  const before = saying({ prompt: 'p', num_inference_steps: 40, img_height: 768, guidance_scale: 3 });
  const { values } = withChoice(offered, before, { model: 'turbo' });
  assert.deepEqual(values['sdxl-torch'], { prompt: 'p', img_height: 768, model: 'turbo' });
  const short = saying({ sampler: 'euler', num_inference_steps: 8, guidance_scale: 3 });
  assert.deepEqual(withChoice(offered, short, { sampler: '', schedule: '' }).values['sdxl-torch'], {
    ...{ sampler: '', schedule: '', guidance_scale: 3 },
  });
  const both = withChoice(offered, saying({ guidance_scale: 3 }), { sampler: 'euler_cfg_pp' }).values;
  assert.deepEqual(both['sdxl-torch'], { sampler: 'euler_cfg_pp' });
  assert.deepEqual(both['sdxl-img2img'], { sampler: 'euler_cfg_pp' });
});
