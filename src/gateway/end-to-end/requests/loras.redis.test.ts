import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Adapter, FewStepLora } from '../../../contract/answers/adapters.ts';
import { after, before } from '../../../testing/hooks.ts';
import { picture, startTestService, type TestService } from '../../testing/service.ts';
import { baseAndTurbo } from '../../testing/turbo-model.ts';

/** LoRAs that requests name, and what is told of them. */

const defaults = { num_inference_steps: 4, guidance_scale: 0 };
const ranges: FewStepLora['ranges'] = { num_inference_steps: [1, 100], guidance_scale: [0, 25] };
/** LoRAs of few steps, as a worker tells of them. */
const fewStepLoras = [
  {
    ...{ name: 'sdxl_lightning_4step_lora', kind: 'lora', trigger_words: [] },
    few_step: {
      ...{ kind: 'lightning', steps: 4, known_by: 'name', ranges },
      defaults: { ...defaults, scheduler: 'Euler', sampler: 'euler', schedule: 'turbo' },
    },
  },
  {
    ...{ name: 'consistency', kind: 'lora', trigger_words: [] },
    few_step: {
      ...{ kind: 'lcm', steps: 4, known_by: 'manifest', ranges },
      defaults: { ...defaults, scheduler: 'lcm lcm', sampler: 'lcm', schedule: 'lcm' },
    },
  },
  {
    ...{ name: 'one-step', kind: 'lora', trigger_words: [] },
    few_step: {
      ...{ kind: 'dmd2', steps: 1, first_timestep: 399, known_by: 'manifest', ranges },
      defaults: { ...defaults, scheduler: 'lcm simple', sampler: 'lcm', schedule: 'simple' },
    },
  },
] satisfies Adapter[];
let service: TestService;
before(async () => {
  service = await startTestService({}, undefined, {
    ...baseAndTurbo,
    loras: {
      usable: [
        { name: 'styles/ink', kind: 'lora', trigger_words: ['ink'] },
        { name: 'pixel', kind: 'loha', trigger_words: [] },
        ...fewStepLoras,
      ],
      broken: [{ name: 'half', reason: 'half.safetensors: truncated' }],
    },
  });
});
after(() => service.close());

const prompt = 'a panda';

test('LoRAs of the field and the prompt reach the worker under their own names', async () => {
  const body = { prompt: 'a <lora:PIXEL:0.5>panda', loras: [{ name: 'ink', text_encoder_weight: 0 }] };
  assert.equal((await service.post('/v1/sdxl-torch', body)).statusCode, 200);
  assert.equal(service.lastTextToImage().prompt, 'a panda');
  assert.deepEqual(service.lastTextToImage().loras, [
    { name: 'styles/ink', weight: 1, textEncoderWeight: 0 },
    { name: 'pixel', weight: 0.5 },
  ]);
  const image = (await picture(96, 72)).toString('base64');
  await service.post('/v1/sdxl-img2img', { prompt, image, loras: [{ name: 'pixel', weight: -1 }] });
  assert.deepEqual(service.started.at(-1)!.loras, [{ name: 'pixel', weight: -1 }]);
  assert.equal((await service.post('/v1/sdxl-torch', { prompt })).statusCode, 200);
  assert.equal(service.lastTextToImage().loras, undefined);
});

test('tokens are counted of a prompt without the LoRAs that it names', async () => {
  const counts = async (text: string) => (await service.post('/v1/tokenize', { prompt: text })).json().prompt;
  assert.deepEqual(await counts('a <lora:pixel:0.5>panda'), await counts('a panda'));
});

test('a LoRA that is not there or damaged is refused with the nearest names or its reason', async () => {
  for (const [loras, error] of [
    [
      [{ name: 'pixle' }],
      'loras: "pixle" is not a LoRA of this server; nearest: pixel; there are: ' +
        'styles/ink, pixel, sdxl_lightning_4step_lora, consistency, one-step',
    ],
    [[{ name: 'half' }], 'loras: "half" cannot be used: half.safetensors: truncated'],
    [[{ name: 'ink' }, { name: 'styles/ink' }], 'loras: "styles/ink" is named twice'],
  ] as const) {
    const response = await service.post('/v2/sdxl-torch', { prompt, loras });
    assert.equal(response.statusCode, 400);
    assert.equal(response.json().error, error);
  }
});

test('the list of LoRAs tells their kinds and trigger words, and what cannot be used', async () => {
  assert.deepEqual((await service.get('/v1/loras')).json(), {
    data: [
      ...[fewStepLoras[1], fewStepLoras[2]],
      { name: 'pixel', kind: 'loha', trigger_words: [] },
      fewStepLoras[0],
      { name: 'styles/ink', kind: 'lora', trigger_words: ['ink'] },
    ],
    unusable: [{ name: 'half', reason: 'half.safetensors: truncated' }],
  });
});

test("A1111's clients find the same LoRAs, and name them in the prompt", async () => {
  const listed = (await service.get('/sdapi/v1/loras')).json();
  assert.deepEqual(
    listed.map(({ name }: { name: string }) => name),
    ['consistency', 'one-step', 'pixel', 'sdxl_lightning_4step_lora', 'styles/ink'],
  );
  assert.deepEqual(listed[0].metadata, { few_step: fewStepLoras[1]!.few_step });
  assert.deepEqual(listed[2].metadata, {});
  const answer = await service.post('/sdapi/v1/txt2img', { prompt: 'a <lora:pixel:0.5>panda' });
  assert.equal(answer.statusCode, 200, answer.body.slice(0, 300));
  assert.equal(service.lastTextToImage().prompt, 'a panda');
  assert.deepEqual(
    service.lastTextToImage().loras?.map(({ name, weight }) => [name, weight]),
    [['pixel', 0.5]],
  );
});

test('a LoRA of few steps asks for what its card says, where the request says nothing', async () => {
  const asked = async (body: object, url = '/v1/sdxl-torch') => {
    const answer = await service.post(url, { prompt, base64: true, ...body });
    assert.equal(answer.statusCode, 200, answer.body.slice(0, 300));
    const { scheduler, steps, guidanceScale, fewStepNoise } = service.started.at(-1)!;
    return { made: [scheduler, steps, guidanceScale, fewStepNoise], warnings: answer.json().warnings ?? [] };
  };
  const trailing = { timestepSpacing: 'trailing' };
  const lightning = await asked({ prompt: 'a panda<lora:sdxl_lightning_4step_lora>' });
  assert.deepEqual(lightning.made, ['Euler', 4, 0, trailing]);
  assert.equal(service.lastTextToImage().refiner, false);
  assert.deepEqual(lightning.warnings, [
    'loras: "sdxl_lightning_4step_lora" is taken for a LoRA of few steps (lightning, 4 steps) by its file\'s name; ' +
      'where the request does not say: scheduler Euler, num_inference_steps 4, guidance_scale 0; ' +
      'a file sdxl_lightning_4step_lora.json beside it can say otherwise',
  ]);
  const one = await asked({ loras: [{ name: 'one-step' }], model: 'juggernaut' });
  assert.deepEqual(one, { made: ['lcm simple', 1, 0, { firstTimestep: 399 }], warnings: [] });
  // The published names of image to image are of another library: there is a schedule with the same
  // timesteps.
  const image = (await picture(96, 72)).toString('base64');
  const edit = { image, strength: 1, loras: [{ name: 'sdxl_lightning_4step_lora' }] };
  assert.deepEqual((await asked(edit, '/v1/sdxl-img2img')).made, ['euler turbo', 4, 0, trailing]);
  const { made } = await asked({ model: 'turbo-xl', loras: [{ name: 'consistency' }] });
  assert.deepEqual(made, ['lcm lcm', 4, 1, undefined]);
  assert.deepEqual([service.lastTextToImage().width, service.lastTextToImage().height], [512, 768]);
});

test('what a request says itself counts more than its LoRA, or is refused', async () => {
  const loras = [{ name: 'consistency' }];
  const post = (body: object) => service.post('/v1/sdxl-torch', { prompt, loras, base64: true, ...body });
  const own = { scheduler: 'UniPC', num_inference_steps: 30, guidance_scale: 7, refiner: true };
  const answer = await post(own);
  assert.equal(answer.statusCode, 200);
  const { scheduler, steps, guidanceScale, refiner } = service.lastTextToImage();
  assert.deepEqual([scheduler, steps, guidanceScale, refiner], ['UniPC', 30, 7, true]);
  assert.deepEqual(answer.json().warnings, [
    'guidance_scale: 7 is more than the 1 that the LoRA "consistency" (lcm) was distilled for',
  ]);
  await post({ sampler: 'euler' });
  assert.equal(service.lastTextToImage().scheduler, 'euler lcm');
  await post({ schedule: 'karras' });
  assert.equal(service.lastTextToImage().scheduler, 'lcm karras');
  for (const [body, error] of [
    [{ num_inference_steps: 101 }, 'num_inference_steps must be an integer from 1 to 100, got 101'],
    [{ guidance_scale: 26 }, 'guidance_scale must be a number from 0 to 25, got 26'],
    [{ cache: 'spectrum' }, /^cache means nothing to "lcm lcm", got "spectrum": /],
  ] as const) {
    const refused = await post(body);
    assert.equal(refused.statusCode, 400);
    if (typeof error === 'string') assert.equal(refused.json().error, error);
    else assert.match(refused.json().error, error);
  }
  // Not merged, or taken away: the published ranges hold.
  for (const weight of [0, -1])
    assert.equal(
      (await post({ loras: [{ name: 'consistency', weight }], num_inference_steps: 4 })).statusCode,
      400,
    );
  const both = await post({ loras: [...loras, { name: 'one-step' }] });
  assert.deepEqual(both.json().warnings, [
    'loras: "one-step" (dmd2, 1 step) wants other steps than "consistency" (lcm, 4 steps), whose are taken as it ' +
      'is named first',
  ]);
});

test("a LoRA in the prompt of A1111's API stands beside those that an infotext lists, each once", async () => {
  const listed = JSON.stringify(JSON.stringify([{ name: 'styles/ink', weight: 0.7 }]));
  const infotext = `a panda\nSteps: 20, Sampler: Euler, CFG scale: 7, LoRAs: ${listed}, Seed: 1, Scheduler: Euler`;
  const body = { prompt: 'a <lora:pixel:0.5>panda', infotext };
  const answer = await service.post('/sdapi/v1/txt2img', body);
  assert.equal(answer.statusCode, 200, answer.body.slice(0, 300));
  assert.deepEqual(service.lastTextToImage().loras, [
    { name: 'styles/ink', weight: 0.7 },
    { name: 'pixel', weight: 0.5 },
  ]);
  assert.equal(service.lastTextToImage().prompt, 'a panda');
});

test("A1111's own defaults make way for those of a LoRA of few steps, what its client says does not", async () => {
  const made = async (body: object) => {
    const answer = await service.post('/sdapi/v1/txt2img', {
      prompt: 'a <lora:consistency:1>panda',
      ...body,
    });
    assert.equal(answer.statusCode, 200, answer.body.slice(0, 300));
    const { sampler_name, steps, cfg_scale } = JSON.parse(answer.json().info);
    assert.deepEqual(
      [steps, cfg_scale],
      [service.lastTextToImage().steps, service.lastTextToImage().guidanceScale],
    );
    return [service.lastTextToImage().scheduler, steps, cfg_scale, sampler_name];
  };
  assert.deepEqual(await made({}), ['lcm lcm', 4, 1, 'LCM']);
  assert.deepEqual(await made({ steps: 6, sampler_name: 'Euler a' }), [
    'euler_ancestral lcm',
    6,
    1,
    'Euler a',
  ]);
});

test("OpenAI's word for quality makes way for a LoRA of few steps, a number of steps does not", async () => {
  const made = async (body: object) => {
    const answer = await service.post('/v1/images/generations', {
      ...{ prompt: 'a <lora:consistency:1>panda', quality: 'high', response_format: 'b64_json' },
      ...body,
    });
    assert.equal(answer.statusCode, 200, answer.body.slice(0, 300));
    return [
      service.lastTextToImage().scheduler,
      service.lastTextToImage().steps,
      service.lastTextToImage().guidanceScale,
    ];
  };
  assert.deepEqual(await made({}), ['lcm lcm', 4, 1]);
  assert.deepEqual(await made({ num_inference_steps: 8 }), ['lcm lcm', 8, 1]);
  assert.deepEqual(await made({ prompt: 'a panda' }), ['UniPC', 50, 7.5]);
});
