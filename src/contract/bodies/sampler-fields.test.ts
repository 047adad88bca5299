import assert from 'node:assert/strict';
import { test } from 'node:test';
import { samplerNames, schedulesOf } from '../../schedulers/samplers.ts';
import { parseImageToImage, parseTextToImage } from './bodies.ts';

const prompt = 'a panda';
const defaults = { drawSeed: () => 1, rng: 'philox' as const };
const text = (body: object) => parseTextToImage({ prompt, ...body }, defaults);
const picture = (body: object) =>
  parseImageToImage({ prompt, image: 'https://example.com/a.png', ...body }, defaults);
const each = [text, picture];

test('a sampler and a schedule together are one scheduler, on both endpoints', () => {
  for (const parse of each) {
    assert.equal(parse({ sampler: 'euler', schedule: 'sgm_uniform' }).scheduler, 'euler sgm_uniform');
    for (const sampler of samplerNames)
      for (const schedule of schedulesOf(sampler))
        assert.equal(parse({ sampler, schedule }).scheduler, `${sampler} ${schedule}`);
  }
});

test('a sampler alone has the schedule that A1111 gives it, a schedule alone the solver of the default', () => {
  for (const parse of each) {
    assert.equal(parse({ sampler: 'dpmpp_2m' }).scheduler, 'dpmpp_2m karras');
    assert.equal(parse({ sampler: 'dpmpp_2m_sde', schedule: null }).scheduler, 'dpmpp_2m_sde exponential');
    assert.equal(parse({ sampler: 'euler', schedule: 'Automatic' }).scheduler, 'euler normal');
    assert.equal(parse({ schedule: 'karras' }).scheduler, 'unipc karras');
    assert.equal(parse({ sampler: null, schedule: null }).scheduler, 'UniPC');
  }
});

test("A1111's labels and k-diffusion's functions are taken in any spelling", () => {
  for (const [sampler, schedule, meant] of [
    ['DPM++ 2M', 'SGM Uniform', 'dpmpp_2m sgm_uniform'],
    ['Euler a', 'KL Optimal', 'euler_ancestral kl_optimal'],
    ['K_EULER', 'Uniform', 'euler normal'],
    ['sample_dpmpp_3m_sde', 'Exponential', 'dpmpp_3m_sde exponential'],
    ['dpmpp_2m_sde_gpu', 'align-your-steps', 'dpmpp_2m_sde align_your_steps'],
    ['uni_pc', 'DDIM', 'unipc ddim_uniform'],
    ['PLMS', 'Align Your Steps', 'pndm align_your_steps'],
  ] as const)
    for (const parse of each) assert.equal(parse({ sampler, schedule }).scheduler, meant);
});

test('with a sampler or a schedule, steps begin at 1 and guidance at 0; published names keep their ranges', () => {
  for (const parse of each) {
    const few = parse({ sampler: 'euler', num_inference_steps: 2, guidance_scale: 0 });
    assert.deepEqual([few.steps, few.guidanceScale], [2, 0]);
    assert.equal(parse({ schedule: 'turbo', num_inference_steps: 2 }).steps, 2);
    assert.throws(() => parse({ num_inference_steps: 19 }), /must be an integer from 20 to 100, got 19/);
    assert.throws(
      () => parse({ guidance_scale: 0 }),
      /guidance_scale must be a number from 0?\.?1 to 25, got 0/,
    );
    assert.throws(
      () => parse({ sampler: 'euler', num_inference_steps: 0 }),
      /num_inference_steps must be an integer from 1 to 100, got 0/,
    );
  }
  assert.equal(text({ sampler: 'euler' }).steps, 25);
  assert.equal(picture({ sampler: 'euler' }).guidanceScale, 6.5);
});

test('CFG++ has a guidance of 0 to 1, 0.6 where none is given', () => {
  for (const parse of each) {
    assert.equal(parse({ sampler: 'euler_cfg_pp' }).guidanceScale, 0.6);
    assert.equal(parse({ sampler: 'dpmpp_2m_cfg_pp', guidance_scale: 0.8 }).guidanceScale, 0.8);
  }
});

test('what does not go together is refused with both fields and values', () => {
  const refused = (body: object, message: RegExp) => {
    for (const parse of each)
      assert.throws(() => parse(body), { code: 'invalidParameter', status: 400, message });
  };
  refused(
    { scheduler: 'UniPC', sampler: 'euler' },
    /^scheduler and sampler exclude each other.*got scheduler "UniPC" and sampler "euler"$/,
  );
  refused(
    { scheduler: 'Euler', schedule: 'karras' },
    /^scheduler and schedule exclude each other.*got scheduler "Euler" and schedule "karras"$/,
  );
  refused(
    { sampler: 'restart', schedule: 'beta' },
    /^schedule must be one of: karras with sampler restart, got "beta"$/,
  );
  refused({ sampler: 'runge' }, /^sampler must be one of: euler, .*got "runge"$/);
  refused({ schedule: 'linear' }, /^schedule must be one of: normal, .*got "linear"$/);
  refused({ sampler: 3 }, /^sampler must be one of: .*got 3$/);
});

test('a strength that leaves no step of few is refused before it waits in the queue', () => {
  assert.throws(
    () => picture({ sampler: 'euler', num_inference_steps: 4, strength: 0.2 }),
    /strength must leave at least one of num_inference_steps 4, got 0\.2/,
  );
  assert.equal(picture({ sampler: 'euler', num_inference_steps: 4, strength: 0.25 }).steps, 4);
});
