import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, before } from '../../../testing/hooks.ts';
import { type CallA1111, callA1111, smallPicture } from '../../testing/a1111-client.ts';
import { startTestService, type TestService } from '../../testing/service.ts';

/** AUTOMATIC1111's API; facts of it: modules/api/api.py and models.py, commits 0050a35 and 008a8e7. */

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.close());

const call: CallA1111 = (...args) => callA1111(service, ...args);

test('text to image with the defaults of A1111', async () => {
  const response = await call('txt2img', { prompt: 'a panda', seed: 7 });
  assert.equal(response.statusCode, 200, response.body);
  const { images, parameters, info } = response.json();
  assert.equal(Buffer.from(images[0], 'base64').toString(), 'picture of seed 7');
  const request = service.started.at(-1)!;
  assert.equal(request.endpoint, 'sdxl-torch');
  assert.deepEqual(
    [request.width, request.height, request.steps, request.guidanceScale, request.scheduler, request.samples],
    [512, 512, 50, 7, 'euler normal', 1],
  );
  assert.deepEqual([request.outputFormat, request.embedParameters], ['png', true]);
  assert.ok(request.endpoint === 'sdxl-torch' && !request.refiner);
  assert.deepEqual([parameters.prompt, parameters.steps, parameters.sampler_index], ['a panda', 50, 'Euler']);
  const told = JSON.parse(info);
  assert.deepEqual([told.seed, told.all_seeds, told.sampler_name, told.width], [7, [7], 'Euler', 512]);
  assert.match(
    told.infotexts[0],
    /^a panda\nSteps: 50, Sampler: Euler, .*Seed: 7, Size: 512x512, Model: sdxl-base/,
  );
});

test('a step cache is a field of its own, by name or with its parameters, and is refused by its field', async () => {
  const body = { prompt: 'p', steps: 20, sampler_name: 'DPM++ 2M' };
  const made = async (cache: unknown) => {
    const response = await call('txt2img', { ...body, cache });
    assert.equal(response.statusCode, 200, response.body);
    assert.match(JSON.parse(response.json().info).infotexts[0], /, Step cache: /);
    return service.started.at(-1)!.stepCache;
  };
  assert.equal((await made('ucache'))?.name, 'ucache');
  const cache = { name: 'spectrum', window: 3 };
  const chosen = await made(cache);
  assert.deepEqual([chosen?.name, chosen && 'window' in chosen && chosen.window], ['spectrum', 3]);
  const edit = await call('img2img', { ...body, cache, init_images: [await smallPicture()] });
  assert.equal(edit.statusCode, 200, edit.body);
  assert.deepEqual(service.started.at(-1)!.stepCache, chosen);
  const unknown = await call('txt2img', { ...body, cache: 'teacache' });
  assert.equal(unknown.statusCode, 422);
  assert.match(unknown.body, /"cache"/);
  const foreign = await call('txt2img', { ...body, cache: { name: 'ucache', window: 3 } });
  assert.equal(foreign.statusCode, 400);
  assert.match(foreign.body, /cache\.window means nothing to ucache, got 3/);
});

test('iterations times batch size, with seeds counted through; a varied seed stays', async () => {
  const count = service.started.length;
  const { images, info } = (
    await call('txt2img', { prompt: 'p', seed: 10, batch_size: 2, n_iter: 3, steps: 20 })
  ).json();
  assert.deepEqual(
    images.map((image: string) => Buffer.from(image, 'base64').toString()),
    [10, 11, 12, 13, 14, 15].map((seed) => `picture of seed ${seed}`),
  );
  assert.deepEqual(JSON.parse(info).all_seeds, [10, 11, 12, 13, 14, 15]);
  assert.equal(service.started.length, count + 3);
  const varied = await call('txt2img', {
    ...{ prompt: 'p', seed: 10, subseed: 5, subseed_strength: 0.3, batch_size: 2, n_iter: 2, steps: 20 },
  });
  assert.deepEqual(
    service.started.slice(-2).map(({ seed, variation }) => [seed, variation]),
    [
      [10, { seed: 5, strength: 0.3 }],
      [10, { seed: 7, strength: 0.3 }],
    ],
  );
  const told = JSON.parse(varied.json().info);
  assert.deepEqual([told.all_subseeds, told.subseed_strength], [[5, 6, 7, 8], 0.3]);
});

test('seed -1 is drawn once, and its iterations follow it', async () => {
  const { info } = (await call('txt2img', { prompt: 'p', n_iter: 2, steps: 1 })).json();
  const [first, second] = JSON.parse(info).all_seeds;
  assert.ok(first >= 0);
  assert.equal(second, first + 1);
});

for (const [body, scheduler] of [
  [{ sampler_name: 'DPM++ 2M Karras' }, 'dpmpp_2m karras'],
  [{ sampler_name: 'DPM++ 2M', scheduler: 'karras' }, 'dpmpp_2m karras'],
  [{ sampler_name: 'DPM++ 2M' }, 'dpmpp_2m karras'],
  [{ sampler_name: 'DPM++ 2M', scheduler: 'Automatic' }, 'dpmpp_2m karras'],
  [{ sampler_name: 'DPM++ 2M', scheduler: 'Uniform' }, 'dpmpp_2m normal'],
  [{ sampler_name: 'DPM++ 2M SDE' }, 'dpmpp_2m_sde exponential'],
  [{ sampler_name: 'DPM++ 2M SDE Heun Karras' }, 'dpmpp_2m_sde_heun karras'],
  [{ sampler_name: 'Euler a', scheduler: 'SGM Uniform' }, 'euler_ancestral sgm_uniform'],
  [{ sampler_name: 'k_euler_a' }, 'euler_ancestral normal'],
  [{ sampler_index: 'Heun' }, 'heun normal'],
  [{ sampler_name: 'DDIM', scheduler: 'karras' }, 'ddim normal'],
  [{ sampler_name: 'DPM adaptive', scheduler: 'karras' }, 'dpm_adaptive exponential'],
] as const)
  test(`samplers by A1111's names: ${JSON.stringify(body)}`, async () => {
    const response = await call('txt2img', { prompt: 'p', steps: 8, ...body });
    assert.equal(response.statusCode, 200, response.body);
    assert.equal(service.started.at(-1)!.scheduler, scheduler);
  });

test('every sampler and scheduler of the lists is taken', async () => {
  const samplers = (await call('samplers')).json();
  const schedulers = (await call('schedulers')).json();
  assert.ok(samplers.some(({ name }: { name: string }) => name === 'DPM++ 2M SDE Heun'));
  for (const { name } of samplers)
    assert.equal(
      (await call('txt2img', { prompt: 'p', steps: 2, sampler_name: name })).statusCode,
      200,
      name,
    );
  for (const { name, label } of schedulers)
    for (const scheduler of [name, label]) {
      const response = await call('txt2img', { prompt: 'p', steps: 2, sampler_name: 'Euler', scheduler });
      assert.equal(response.statusCode, 200, scheduler);
    }
});

test('image to image brings the picture to the size that is asked for, in three ways', async () => {
  for (const resize_mode of [0, 1, 2]) {
    const response = await call('img2img', {
      ...{
        prompt: 'p',
        init_images: [await smallPicture(96, 64)],
        width: 128,
        height: 130,
        resize_mode,
        seed: 3,
      },
      ...{ steps: 20, denoising_strength: 0.5, sampler_name: 'Euler a' },
    });
    assert.equal(response.statusCode, 200, response.body);
    const { parameters, info } = response.json();
    assert.deepEqual([parameters.init_images, parameters.denoising_strength], [null, 0.5]);
    const request = service.started.at(-1)!;
    assert.deepEqual([request.width, request.height, request.strength], [128, 128, 0.5]);
    assert.equal(request.endpoint === 'sdxl-img2img' && request.baseModel, 'juggernaut');
    assert.match(JSON.parse(info).infotexts[0], /Size: 128x128, Model: juggernaut, Denoising strength: 0.5/);
  }
});

test('styles stand in the prompts one after another, and unknown ones are none', async () => {
  await call('txt2img', { prompt: 'a cat', styles: ['anime', 'nobody knows it'], steps: 2 });
  const { prompt } = service.started.at(-1)!;
  assert.ok(prompt.includes('a cat') && prompt.length > 'a cat'.length);
  const styles = (await call('prompt-styles')).json();
  assert.equal(styles.length, 104);
});

test('an empty prompt is a prompt, and small and odd sizes are made', async () => {
  const response = await call('txt2img', { width: 100, height: 2048, steps: 2 });
  assert.equal(response.statusCode, 200, response.body);
  const { prompt, width, height } = service.started.at(-1)!;
  assert.deepEqual([prompt, width, height], ['', 96, 2048]);
});

test('override_settings choose the format, its quality, the noise and whether pictures speak', async () => {
  const override_settings = {
    samples_format: 'jpg',
    jpeg_quality: 80,
    randn_source: 'CPU',
    enable_pnginfo: false,
  };
  await call('txt2img', {
    prompt: 'p',
    steps: 2,
    override_settings: { ...override_settings, unheard_of: 1 },
  });
  const { outputFormat, outputQuality, rng, embedParameters } = service.started.at(-1)!;
  assert.deepEqual([outputFormat, outputQuality, rng, embedParameters], ['jpeg', 80, 'torch-cpu', undefined]);
});

test('CLIP_stop_at_last_layers counts from the last layer, and SDXL takes the last but one anyway', async () => {
  for (const [layers, clipSkip, told] of [
    [1, undefined, 1],
    [2, 0, 2],
    [3, 1, 3],
    [12, 10, 12],
  ]) {
    const override_settings = { CLIP_stop_at_last_layers: layers };
    const answer = await call('txt2img', { prompt: 'p', steps: 1, override_settings });
    assert.equal(service.started.at(-1)!.clipSkip, clipSkip);
    assert.equal(JSON.parse(answer.json().info).clip_skip, told);
  }
});

test('a refiner follows where it is named', async () => {
  await call('txt2img', {
    prompt: 'p',
    steps: 20,
    refiner_checkpoint: 'sdxl-refiner',
    refiner_switch_at: 0.6,
  });
  const request = service.started.at(-1)!;
  assert.deepEqual(request.endpoint === 'sdxl-torch' && [request.refiner, request.highNoiseFraction], [
    true,
    0.6,
  ]);
});
