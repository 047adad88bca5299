import assert from 'node:assert/strict';
import { test } from 'node:test';
import { schedulerNames } from '../../schedulers/registry.ts';
import { listSchedulers } from '../answers/lists.ts';
import { parseImageToImage, parseTextToImage } from '../bodies/bodies.ts';
import type { Endpoint } from '../endpoints.ts';
import { schedulerAliases } from './scheduler-aliases.ts';

const defaults = { drawSeed: () => 1, rng: 'philox' } as const;
const prompt = 'a panda';
const image = 'https://pictures.example/a.png';

function parsed(endpoint: Endpoint, scheduler: string) {
  return endpoint === 'sdxl-torch'
    ? parseTextToImage({ prompt, scheduler }, defaults)
    : parseImageToImage({ prompt, image, scheduler }, defaults);
}
const endpoints = ['sdxl-torch', 'sdxl-img2img'] as const;

for (const endpoint of endpoints) {
  test(`every alias of ${endpoint} stands for one of its schedulers and is none itself`, () => {
    const names: readonly string[] = schedulerNames(endpoint);
    for (const [alias, name] of Object.entries(schedulerAliases[endpoint])) {
      assert.ok(names.includes(name), `${alias} -> ${name}`);
      assert.ok(!names.includes(alias), alias);
      assert.deepEqual(parsed(endpoint, alias), parsed(endpoint, name));
    }
    assert.deepEqual(listSchedulers()[endpoint].aliases, schedulerAliases[endpoint]);
  });

  test(`every scheduler of ${endpoint} is taken in any case, with any separators, with ++ as pp, a as ancestral`, () => {
    for (const name of schedulerNames(endpoint)) {
      const snake = name.replaceAll('+', 'p').replaceAll(' ', '_');
      for (const spelled of [
        ...[
          name.toLowerCase(),
          name.toUpperCase(),
          ` ${name} `,
          name.replaceAll(' ', '-'),
          name.replaceAll(' ', ''),
        ],
        ...[snake, snake.toLowerCase(), snake.toUpperCase(), snake.replace(/_a\b|_a(?=_)/, '_ancestral')],
      ]) {
        assert.equal(parsed(endpoint, spelled).scheduler, name, spelled);
        assert.equal(parsed(endpoint, spelled).warnings, undefined);
      }
    }
  });
}

test('names of A1111, ComfyUI, diffusers, Replicate, Stability and InvokeAI mean the method they mean there', () => {
  for (const [given, torch, img2img] of [
    ['euler_a', 'Euler a', 'Euler a'],
    ['Euler A', 'Euler a', 'Euler a'],
    ['k_euler_ancestral', 'Euler a', 'Euler a'],
    ['K_EULER', 'Euler', 'Euler'],
    ['EulerDiscrete', 'Euler', 'Euler'],
    ['ddim', 'DDIM', 'DDIM'],
    ['ddpm', 'DDPM', undefined],
    ['uni_pc', 'UniPC', 'UniPC'],
    ['uni_pc_bh2', 'UniPC', 'UniPC'],
    ['DPM++ 2M', 'DPM Multi', 'DPM++ 2M'],
    ['K_DPMPP_2M', 'DPM Multi', 'DPM++ 2M'],
    ['DPMSolverMultistep', 'DPM Multi', 'DPM++ 2M'],
    ['dpmsolvermultistepscheduler', 'DPM Multi', 'DPM++ 2M'],
    ['DPMSolverSinglestepScheduler', 'DPM Single', undefined],
    ['KarrasDPM', undefined, 'DPM++ 2M Karras'],
    ['dpmpp_2m_karras', undefined, 'DPM++ 2M Karras'],
    ['dpmpp_2m_k', undefined, 'DPM++ 2M Karras'],
    ['dpmpp_3m_sde_gpu', undefined, 'DPM++ 3M SDE'],
    ['sample_dpmpp_2s_ancestral', undefined, 'DPM++ 2S a'],
    ['dpm_2_ancestral_karras', 'DPM2 a Karras', 'DPM2 a Karras'],
    ['dpm2 a karras', 'DPM2 a Karras', 'DPM2 a Karras'],
    ['KDPM2AncestralDiscreteScheduler', undefined, 'DPM2 a'],
    ['restart', undefined, 'Restart'],
  ] as const)
    for (const [endpoint, meant] of [
      ['sdxl-torch', torch],
      ['sdxl-img2img', img2img],
    ] as const)
      if (meant === undefined)
        assert.throws(() => parsed(endpoint, given), /scheduler must be one of/, given);
      else assert.equal(parsed(endpoint, given).scheduler, meant, `${endpoint} ${given}`);
});

test("the older SDK's defaults mean the nearest scheduler, and its client is told", () => {
  // segmindapi 0.3.0: SDXL.py, Cartoon.py and seven others, TinySD.py.
  for (const [given, torch, img2img] of [
    ['dpmmp_sde_ancestral', 'DPM2 a Karras', 'DPM++ SDE'],
    ['dpmpp_sde_ancestral', 'DPM2 a Karras', 'DPM++ SDE'],
    ['dmpp_2m', 'DPM Multi', 'DPM++ 2M'],
  ] as const)
    for (const [endpoint, meant] of [
      ['sdxl-torch', torch],
      ['sdxl-img2img', img2img],
    ] as const) {
      const request = parsed(endpoint, given);
      assert.equal(request.scheduler, meant);
      assert.deepEqual(request.warnings, [
        `scheduler: "${given}" is not known here; the nearest, "${meant}", was taken`,
      ]);
    }
});

test('what could mean several schedulers or none is refused by the names there are', () => {
  for (const scheduler of [
    ...[
      'normal',
      'karras',
      'Automatic',
      'KDPM2DiscreteScheduler',
      'constructor',
      '__proto__',
      'a',
      '++',
      ' ',
      '',
    ],
    ...['euler_cfg_pp', 'euler_k', 'heunpp2', 'lcm', 'deis', 'ipndm', 'DPM++', 'dpm', 'x'.repeat(100_000)],
  ])
    assert.throws(
      () => parsed('sdxl-torch', scheduler),
      new RegExp(`scheduler must be one of: .*UniPC.*, got "${RegExp.escape(scheduler.slice(0, 70))}`),
    );
});
