import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openApiDocument } from '../../contract/openapi/document.ts';
import { embedParameters } from '../../images/metadata/embed-parameters.ts';
import { picture, startTestService, type TestService } from '../testing/service.ts';

/** AUTOMATIC1111's API; facts of it: modules/api/api.py and models.py, commits 0050a35 and 008a8e7. */

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.close());

const basic = (key: string) => ({
  authorization: `Basic ${Buffer.from(`anyone:${key}`).toString('base64')}`,
});
const call = (path: string, body?: unknown, key = service.key, on = service.app) =>
  on.inject({
    method: body === undefined ? 'GET' : 'POST',
    url: `/sdapi/v1/${path}`,
    headers: basic(key),
    ...(body !== undefined && { payload: body as object }),
  });
const small = async (width = 64, height = 64) => (await picture(width, height)).toString('base64');

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
      ...{ prompt: 'p', init_images: [await small(96, 64)], width: 128, height: 130, resize_mode, seed: 3 },
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

test('fields that are not what they must be are told in the form of FastAPI', async () => {
  for (const [body, field, text] of [
    [{ steps: 0 }, 'steps', /steps must be an integer from 1 to 100, got 0/],
    [{ steps: 'many' }, 'steps', /got "many"/],
    [{ width: 4096 }, 'width', /width must be an integer from 64 to 2048, got 4096/],
    [{ cfg_scale: 99 }, 'cfg_scale', /from 0 to 25/],
    [{ seed: 1.5 }, 'seed', /integer/],
    [{ n_iter: 4, batch_size: 8 }, 'n_iter', /at most 16 pictures, are 32/],
    [{ styles: 'anime' }, 'styles', /a list/],
    [{ override_settings: [] }, 'override_settings', /an object/],
    [{ override_settings: { samples_format: 'tiff' } }, 'override_settings', /samples_format must be one of/],
    [{ script_name: 'x/y/z plot' }, 'script_name', /no scripts/],
    [{ alwayson_scripts: { ADetailer: { args: [] } } }, 'alwayson_scripts', /ADetailer/],
  ] as const) {
    const response = await call('txt2img', { prompt: 'p', ...body });
    assert.equal(response.statusCode, 422, response.body);
    const [{ loc, msg, type }] = response.json().detail;
    assert.deepEqual([loc, type], [['body', field], 'value_error']);
    assert.match(msg, text);
  }
  const missing = await call('png-info', {});
  assert.deepEqual(missing.json().detail[0], {
    type: 'missing',
    loc: ['body', 'image'],
    msg: 'Field required',
    input: null,
  });
});

test('what is not there is refused in the envelope of A1111', async () => {
  const image = await small();
  for (const [path, body, status, text] of [
    ['txt2img', { sampler_name: 'Banana' }, 400, /Sampler not found: "Banana"/],
    ['txt2img', { scheduler: 'Banana' }, 400, /Scheduler not found: "Banana"/],
    ['txt2img', { enable_hr: true }, 400, /enable_hr is not supported/],
    ['txt2img', { refiner_checkpoint: 'other' }, 400, /refiner_checkpoint may be sdxl-refiner/],
    [
      'txt2img',
      { override_settings: { sd_model_checkpoint: 'dreamshaper' } },
      400,
      /"dreamshaper" not found; served: /,
    ],
    ['img2img', {}, 404, /Init image not found/],
    ['img2img', { init_images: [image, image] }, 400, /one picture, got 2/],
    ['img2img', { init_images: [image], mask: image }, 400, /mask is not supported/],
    ['img2img', { init_images: [image], resize_mode: 3 }, 400, /resize_mode 3/],
    ['img2img', { init_images: ['bm90IGEgcGljdHVyZQ=='] }, 400, /image must be a JPEG, PNG or WebP picture/],
    ['interrogate', { image }, 400, /no interrogator/],
    ['extra-single-image', { image }, 400, /no upscalers/],
    ['txt2img', { prompt: 'NaN' }, 422, /The latents contain NaN/],
  ] as const) {
    const response = await call(path, { steps: 20, ...body });
    assert.equal(response.statusCode, status, response.body);
    assert.match(response.json().detail, text);
    assert.deepEqual(Object.keys(response.json()), ['error', 'detail', 'body', 'errors']);
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

test("a checkpoint set in the options is that key's alone", async () => {
  assert.equal((await call('options')).json().sd_model_checkpoint, 'sdxl-base');
  const set = await call('options', { sd_model_checkpoint: 'juggernaut [0123abcdef]', sd_vae: 'x' });
  assert.deepEqual([set.statusCode, set.body], [200, 'null']);
  assert.equal((await call('options')).json().sd_model_checkpoint, 'juggernaut');
  assert.equal((await call('options', undefined, service.otherKey)).json().sd_model_checkpoint, 'sdxl-base');
  assert.equal((await call('options', { sd_model_checkpoint: 'nobody' })).statusCode, 400);
  assert.equal((await call('options', { sd_model_checkpoint: 'sdxl-base' })).statusCode, 200);
});

test('an interruption or a skip ends the own call with what was finished; nobody else is touched', async () => {
  const slow = { prompt: 'slow', steps: 20, seed: 1, n_iter: 2 };
  const started = service.started.length;
  const begun = async (seed: number) => {
    const isBegun = () =>
      service.started.slice(started).some((each) => each.prompt === 'slow' && each.seed === seed);
    while (!isBegun()) await new Promise((resolve) => setTimeout(resolve, 20));
  };
  const own = call('txt2img', slow);
  await begun(2);
  const other = call('txt2img', { prompt: 'p', steps: 20, seed: 100, n_iter: 2 }, service.otherKey);
  const progress = (await call('progress')).json();
  assert.deepEqual([progress.state.job_count, progress.state.job_no], [2, 1]);
  assert.ok(progress.progress > 0.4 && progress.progress < 1);
  await call('interrupt', {});
  assert.deepEqual(JSON.parse((await own).json().info).all_seeds, [1]);
  assert.deepEqual((await call('progress')).json().state.job_count, 0);
  const skipped = call('txt2img', { ...slow, seed: 200, n_iter: 1 });
  await begun(200);
  await call('skip', {});
  assert.deepEqual((await skipped).json().images, []);
  assert.deepEqual(JSON.parse((await other).json().info).all_seeds, [100, 101]);
  assert.deepEqual((await call('interrupt', {})).json(), {});
});

test('progress shows the picture on its way', async () => {
  const watched = call('txt2img', { prompt: 'watched', steps: 20 });
  let image: string | null = null;
  for (let tries = 0; tries < 200 && image === null; tries++) {
    image = (await call('progress')).json().current_image;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.equal(Buffer.from(image!, 'base64').toString('latin1', 1, 4), 'PNG');
  await watched;
});

test('png-info reads what a picture says, in the fields of A1111', async () => {
  const text = 'a panda\nNegative prompt: bad\nSteps: 20, Sampler: Euler a, Seed: 7, Size: 512x768';
  const size = { width: 64, height: 64 };
  const { bytes } = embedParameters(await picture(64, 64), 'png', { text, software: 's 1', ...size });
  for (const image of [bytes.toString('base64'), `data:image/png;base64,${bytes.toString('base64')}`]) {
    const { info, items, parameters } = (await call('png-info', { image })).json();
    assert.equal(info, text);
    assert.deepEqual(Object.keys(items), ['XML:com.adobe.xmp']);
    assert.deepEqual(
      [
        parameters.Prompt,
        parameters['Negative prompt'],
        parameters['Size-1'],
        parameters['Size-2'],
        parameters.RNG,
      ],
      ['a panda', 'bad', '512', '768', 'GPU'],
    );
  }
  assert.equal((await call('png-info', { image: await small() })).json().info, '');
  assert.equal((await call('png-info', { image: 'bm90aGluZw==' })).statusCode, 422);
});

for (const samples_format of ['png', 'jpg', 'webp'])
  test(`a picture in ${samples_format} tells png-info what its answer told, and leads back to its request`, async () => {
    const asked = {
      prompt: 'painted caf\u00e9, \u718a',
      negative_prompt: 'a: b',
      steps: 5,
      seed: 9,
      batch_size: 2,
    };
    const own = { ...asked, sampler_name: 'DPM++ 2M SDE', scheduler: 'Karras', width: 128, height: 64 };
    const answer = (await call('txt2img', { ...own, override_settings: { samples_format } })).json();
    const before = service.started.at(-1)!;
    const { infotexts } = JSON.parse(answer.info);
    for (const [index, image] of answer.images.entries())
      assert.equal((await call('png-info', { image })).json().info, infotexts[index]);
    const again = await call('txt2img', { infotext: infotexts[1] });
    assert.equal(again.statusCode, 200, again.body);
    const { samples: _, outputFormat: __, seed, ...after } = service.started.at(-1)!;
    const { samples: ___, outputFormat: ____, seed: first, ...rest } = before;
    assert.deepEqual([after, seed], [rest, first + 1]);
  });

test('what a request gives counts more than its infotext', async () => {
  const infotext =
    'a cat\nSteps: 12, Sampler: Heun, Schedule type: Karras, CFG scale: 4, Seed: 8, Size: 640x512';
  await call('txt2img', { infotext, steps: 3, prompt: 'a dog', sampler_name: null });
  const { prompt, steps, scheduler, guidanceScale, seed, width } = service.started.at(-1)!;
  assert.deepEqual(
    [prompt, steps, scheduler, guidanceScale, seed, width],
    ['a dog', 3, 'heun karras', 4, 8, 640],
  );
});

test('keys come as a password, a bearer token or in the header; others are told how in A1111 form', async () => {
  for (const headers of [
    basic(service.key),
    { authorization: `Bearer ${service.key}` },
    { 'x-api-key': service.key },
  ])
    assert.equal((await service.app.inject({ url: '/sdapi/v1/options', headers })).statusCode, 200);
  for (const headers of [{}, basic('SG_0123456789abcdef'), { authorization: 'Basic !!' }]) {
    const response = await service.app.inject({ url: '/sdapi/v1/options', headers });
    assert.equal(response.statusCode, 401);
    assert.equal(response.headers['www-authenticate'], 'Basic');
    assert.equal(response.json().error, 'HTTPException');
  }
  assert.equal(
    (await service.app.inject({ url: '/v1/capabilities', headers: basic(service.key) })).statusCode,
    401,
  );
  assert.equal((await service.app.inject({ url: '/internal/ping' })).statusCode, 200);
});

test('every documented list answers, and all of it is gone where the setting is off', async () => {
  const { paths } = openApiDocument('0') as { paths: Record<string, Record<string, unknown>> };
  const gets = Object.keys(paths).filter((path) => path.startsWith('/sdapi/') && paths[path]!.get);
  assert.ok(gets.length > 15);
  for (const path of gets) assert.equal((await call(path.slice('/sdapi/v1/'.length))).statusCode, 200, path);
  const without = await service.gateway({ a1111Api: false });
  const served = (app: typeof without) => app.hasRoute({ method: 'GET', url: '/sdapi/v1/options' });
  assert.deepEqual([served(service.app), served(without)], [true, false]);
  await without.close();
});

test('an address that ends with a slash is the one without, as behind a redirect of FastAPI', async () => {
  assert.equal((await call('txt2img/', { prompt: 'p', steps: 2 })).statusCode, 200);
  assert.equal((await call('progress/?skip_current_image=true')).statusCode, 200);
});

test('a wrong verb is told in JSON', async () => {
  const response = await service.app.inject({
    method: 'DELETE',
    url: '/sdapi/v1/txt2img',
    headers: basic(service.key),
  });
  assert.equal(response.statusCode, 405);
  assert.equal(response.headers.allow, 'POST');
});
