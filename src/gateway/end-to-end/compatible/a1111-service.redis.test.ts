import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openApiDocument } from '../../../contract/openapi/document.ts';
import { embedParameters } from '../../../images/metadata/embed-parameters.ts';
import { after, before } from '../../../testing/hooks.ts';
import { basicKey, type CallA1111, callA1111, smallPicture } from '../../testing/a1111-client.ts';
import { picture, startTestService, type TestService } from '../../testing/service.ts';

/** What AUTOMATIC1111's API tells and takes beside pictures: modules/api/api.py, commit 0050a35. */

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.close());

const call: CallA1111 = (...args) => callA1111(service, ...args);

test("a checkpoint set in the options is that key's alone", async () => {
  assert.equal((await call('options')).json().sd_model_checkpoint, 'sdxl-base');
  const set = await call('options', { sd_model_checkpoint: 'juggernaut [0123abcdef]', sd_vae: 'x' });
  assert.deepEqual([set.statusCode, set.body], [200, 'null']);
  assert.equal((await call('options')).json().sd_model_checkpoint, 'juggernaut');
  assert.equal((await call('options', undefined, service.otherKey)).json().sd_model_checkpoint, 'sdxl-base');
  assert.equal((await call('options', { sd_model_checkpoint: 'nobody' })).statusCode, 400);
  const own = await call('txt2img', { prompt: 'p', steps: 3 });
  const request = service.started.at(-1)!;
  assert.equal(request.endpoint === 'sdxl-torch' && request.model, 'juggernaut');
  assert.match(JSON.parse(own.json().info).infotexts[0], /Model: juggernaut/);
  await call('txt2img', { prompt: 'p', steps: 3, override_settings: { sd_model_checkpoint: 'sdxl-base' } });
  const other = service.started.at(-1)!;
  assert.equal(other.endpoint === 'sdxl-torch' && other.model, undefined);
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
  assert.equal((await call('png-info', { image: await smallPicture() })).json().info, '');
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
    basicKey(service.key),
    { authorization: `Bearer ${service.key}` },
    { 'x-api-key': service.key },
  ])
    assert.equal((await service.app.inject({ url: '/sdapi/v1/options', headers })).statusCode, 200);
  for (const headers of [{}, basicKey('SG_0123456789abcdef'), { authorization: 'Basic !!' }]) {
    const response = await service.app.inject({ url: '/sdapi/v1/options', headers });
    assert.equal(response.statusCode, 401);
    assert.equal(response.headers['www-authenticate'], 'Basic');
    assert.equal(response.json().error, 'HTTPException');
  }
  assert.equal(
    (await service.app.inject({ url: '/v1/capabilities', headers: basicKey(service.key) })).statusCode,
    401,
  );
  for (const url of ['/internal/ping', '/queue/status'])
    assert.equal((await service.app.inject({ url })).statusCode, 200);
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
    headers: basicKey(service.key),
  });
  assert.equal(response.statusCode, 405);
  assert.equal(response.headers.allow, 'POST');
});
