import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, before } from '../../../testing/hooks.ts';
import { type CallA1111, callA1111, smallPicture } from '../../testing/a1111-client.ts';
import { startTestService, type TestService } from '../../testing/service.ts';

/** What AUTOMATIC1111's API refuses, and in which form: modules/api/api.py, commit 0050a35. */

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.close());

const call: CallA1111 = (...args) => callA1111(service, ...args);

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
    [{ override_settings: { CLIP_stop_at_last_layers: 13 } }, 'override_settings', /from 1 to 12/],
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
  const image = await smallPicture();
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
