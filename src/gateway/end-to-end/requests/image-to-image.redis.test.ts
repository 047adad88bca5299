import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodePng } from '../../../images/decode-png.ts';
import { after, before } from '../../../testing/hooks.ts';
import { picture, startTestService, type TestService } from '../../testing/service.ts';

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.close());

const prompt = 'a panda in the low light';
const png = await picture(80, 64);
const base64 = png.toString('base64');
const dataUri = `data:image/png;base64,${base64}`;

/** Width and height of the picture the worker was given last. */
async function lastInput(): Promise<[number, number]> {
  const { width, height } = await decodePng(service.inputs.at(-1)!);
  return [width, height];
}

for (const [form, image, size] of [
  ['a data URI', dataUri, [80, 64]],
  ['bare base64', base64, [80, 64]],
  ['base64 broken into lines', base64.replace(/(.{76})/g, '$1\r\n'), [80, 64]],
  ['a URL', 'https://pictures.example/a.png', [96, 72]],
] as const)
  test(`takes the picture as ${form}`, async () => {
    const response = await service.post('/v1/sdxl-img2img', { prompt, image, seed: 3 });
    assert.equal(response.statusCode, 200, response.body);
    assert.equal(response.body, 'picture of seed 3');
    assert.deepEqual(await lastInput(), size);
  });

test('takes a form with a file part and its fields as text', async () => {
  const form = new FormData();
  form.set('prompt', prompt);
  form.set('seed', '12');
  form.set('base64', 'False');
  form.set('unknown', 'ignored');
  form.set('image', new Blob([png], { type: 'image/png' }), 'a.png');
  const encoded = new Response(form);
  const response = await service.app.inject({
    method: 'POST',
    url: '/v1/sdxl-img2img',
    headers: { 'x-api-key': service.key, 'content-type': encoded.headers.get('content-type')! },
    payload: Buffer.from(await encoded.arrayBuffer()),
  });
  assert.equal(response.statusCode, 200, response.body);
  assert.equal(response.body, 'picture of seed 12');
  assert.deepEqual(await lastInput(), [80, 64]);
});

for (const [image, text] of [
  ['not base64 at all!', /image must be an https URL, a data URI or base64/],
  ['data:image/png,raw', /image must be a base64 data URI/],
  ['data:image/png;base64,', /image: the image is empty/],
  [Buffer.from('GIF89a').toString('base64'), /image: the image must be a JPEG, PNG or WebP/],
  [png.subarray(0, png.length / 2).toString('base64'), /image: the image is damaged or truncated/],
  [(await picture(80, 48)).toString('base64'), /each side must have at least 64 pixels/],
  ['', /image must be a string/],
  ['javascript:alert(1)', /image must be/],
] as const)
  test(`refuses the picture ${JSON.stringify(image.slice(0, 30))} with ${text.source}`, async () => {
    const response = await service.post('/v2/sdxl-img2img', { prompt, image });
    assert.equal(response.statusCode, 400);
    assert.match(response.json().error, text);
  });

for (const name of ['realvis', 'sd15', 'JUGGERNAUT'])
  test(`the base model ${name}, which no worker serves, is refused with the installed ones`, async () => {
    const response = await service.post('/v2/sdxl-img2img', { prompt, image: dataUri, base_model: name });
    assert.equal(response.statusCode, 400);
    const installed = 'is not installed on this server; installed: juggernaut';
    assert.equal(response.json().error, `base_model "${name}" ${installed}`);
  });
