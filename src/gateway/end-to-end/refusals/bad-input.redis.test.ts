import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, before } from '../../../testing/hooks.ts';
import { styleNames } from '../../../text/styles.ts';
import { startTestService, type TestService } from '../../testing/service.ts';

let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.close());

const prompt = 'a panda in the low light';
const json = { 'content-type': 'application/json' };
const slugs = ['/v1/sdxl-torch', '/v2/sdxl-torch', '/v1/sdxl-img2img', '/v2/sdxl-img2img'];

for (const url of slugs) {
  test(`${url} without a key is 401 in the published words`, async () => {
    const response = await service.app.inject({ method: 'POST', url, payload: { prompt } });
    assert.equal(response.statusCode, 401);
    assert.deepEqual(response.json(), { error: 'Missing Authorization or x-api-key in header' });
  });

  test(`${url} with a key where it is not read is 401 that names what is wrong`, async () => {
    for (const [headers, error] of [
      [
        { authorization: `Bearer ${service.key}` },
        'Authorization: Bearer is not accepted here (ACCEPT_BEARER is off): send the API key in x-api-key',
      ],
      [
        { authorization: `bearer ${service.key}` },
        'Authorization: Bearer is not accepted here (ACCEPT_BEARER is off): send the API key in x-api-key',
      ],
      [
        { authorization: 'Basic dXNlcjpwYXNz' },
        'Authorization: Basic is not accepted here: send the API key in x-api-key',
      ],
      [
        { authorization: service.key },
        'The header Authorization names no scheme: send the API key in x-api-key',
      ],
      [
        { authorization: 'Bearer ' },
        'The header Authorization has no key behind Bearer: send the API key in x-api-key',
      ],
      [{ 'x-api-key': '' }, 'Missing Authorization or x-api-key in header: x-api-key is empty'],
      [{ 'api-key': service.key }, 'The header api-key is not read here: send the API key in x-api-key'],
    ] as const) {
      const response = await service.app.inject({ method: 'POST', url, payload: { prompt }, headers });
      assert.equal(response.statusCode, 401);
      assert.deepEqual(response.json(), { error });
    }
  });

  test(`${url} with a wrong key is 401 in the published words`, async () => {
    for (const wrong of [
      'SG_0123456789abcdef',
      service.key.toLowerCase(),
      `${service.key} `,
      'x'.repeat(5000),
      `${service.key},${service.key}`,
    ]) {
      const response = await service.post(
        url,
        { prompt },
        { 'x-api-key': wrong.trimEnd() === service.key ? `${service.key}0` : wrong },
      );
      assert.equal(response.statusCode, 401);
      assert.deepEqual(response.json(), {
        error: 'Unauthorized. API key is invalid or may have expired...',
      });
    }
  });

  test(`${url} with a body that is no JSON object is 400`, async () => {
    for (const body of [
      '{"prompt": ',
      '',
      'null',
      '[]',
      '"text"',
      '3',
      '{"__proto__": {"prompt": "x"}}',
      '\u0000',
      '{"prompt": "a"} trailing',
      "{'prompt': 'a'}",
    ]) {
      const response = await service.post(url, body, json);
      assert.equal(response.statusCode, 400, body);
      assert.deepEqual(Object.keys(response.json()), ['error']);
    }
  });

  test(`${url} with a wrong or missing content type is 406`, async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json\ta',
      'application/jsonx',
      'application/json garbage',
      'text/json',
      'image/png',
      'a',
      ';',
      '',
    ]) {
      const response = await service.post(url, JSON.stringify({ prompt }), { 'content-type': type });
      assert.equal(response.statusCode, 406, type);
      assert.deepEqual(response.json(), { error: 'Invalid content type' });
    }
    const without = await service.app.inject({ method: 'POST', url, headers: { 'x-api-key': service.key } });
    assert.equal(without.statusCode, 406);
  });

  test(`${url} with a broken form is 400`, async () => {
    for (const [type, body] of [
      [
        'multipart/form-data; boundary=x',
        '--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\na panda',
      ],
      ['multipart/form-data; boundary=x', 'no form'],
      ['multipart/form-data; boundary=x', ''],
      ['multipart/form-data', '--x\r\n'],
      ['multipart/form-data; boundary=', '--\r\n'],
      [
        'multipart/form-data; boundary=x',
        '--x\r\nContent-Disposition: form-data; name="__proto__"\r\n\r\na\r\n--x--\r\n',
      ],
    ] as const) {
      const response = await service.post(url, body, { 'content-type': type });
      assert.ok(
        [400, 406].includes(response.statusCode),
        `${type} ${body}: ${response.statusCode} ${response.body}`,
      );
      assert.deepEqual(Object.keys(response.json()), ['error']);
    }
  });

  test(`${url} asked with another verb is 405 as an HTML page`, async () => {
    for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const) {
      const response = await service.app.inject({ method, url });
      assert.equal(response.statusCode, 405, method);
      assert.equal(response.headers['content-type'], 'text/html; charset=utf-8');
      assert.equal(response.headers.allow, 'POST');
      if (method !== 'HEAD') assert.match(response.body, /^<!doctype html>/);
    }
  });
}

test('a content type with parameters and other letter cases is taken', async () => {
  for (const type of [
    'application/json; charset=utf-8',
    'Application/JSON',
    'application/json;charset=UTF-8',
  ]) {
    const response = await service.post('/v2/sdxl-torch', JSON.stringify({ prompt }), {
      'content-type': type,
    });
    assert.equal(response.statusCode, 200, type);
  }
});

test('wrong types and ranges are 400 with field, allowed range and value', async () => {
  for (const [body, text] of [
    [{}, 'Prompt is Mandatory'],
    [{ prompt: 7 }, 'Prompt is Mandatory and must be string, got 7'],
    [{ prompt, samples: 5 }, 'samples must be an integer from 1 to 4, got 5'],
    [
      { prompt, num_inference_steps: '19' },
      'num_inference_steps must be an integer from 20 to 100, got "19"',
    ],
    [{ prompt, guidance_scale: 'high' }, 'guidance_scale must be a number from 1 to 25, got "high"'],
    [{ prompt, img_width: 512 }, 'img_width must be 1024, got 512'],
    [{ prompt, refiner: 'maybe' }, 'refiner must be true or false, got "maybe"'],
  ] as const)
    for (const url of ['/v1/sdxl-torch', '/v2/sdxl-torch']) {
      const response = await service.post(url, body);
      assert.equal(response.statusCode, 400);
      assert.deepEqual(response.json(), { error: text });
    }
});

test('an unknown scheduler and an unknown style are 400 with the valid ones', async () => {
  const scheduler = (await service.post('/v2/sdxl-torch', { prompt, scheduler: 'Euler b' })).json().error;
  const { schedulers } = (await service.app.inject('/v1/schedulers')).json()['sdxl-torch'];
  assert.ok(schedulers.length > 0);
  assert.equal(scheduler, `scheduler must be one of: ${schedulers.join(', ')}, got "Euler b"`);
  const style = (await service.post('/v2/sdxl-torch', { prompt, style: 'ugly' })).json().error;
  assert.equal(style, `style must be one of: ${styleNames.join(', ')}, got "ugly"`);
});

test('a body over the limit is 413', async () => {
  const small = await service.gateway({ bodyLimit: 1000, imageBodyLimit: 2000 });
  for (const [url, size] of [
    ['/v2/sdxl-torch', 1001],
    ['/v2/sdxl-img2img', 2001],
  ] as const) {
    const response = await small.inject({
      method: 'POST',
      url,
      headers: { 'x-api-key': service.key, ...json },
      payload: 'x'.repeat(size),
    });
    assert.equal(response.statusCode, 413);
    assert.deepEqual(response.json(), { error: 'The request body is too large' });
  }
  await small.close();
});

test('a prompt of more chunks than the ceiling is 400 at submit, naming field and count, on every route', async () => {
  const long = 'stone '.repeat(17 * 75);
  for (const url of slugs) {
    const response = await service.post(url, { prompt: long, image: 'aGk=' });
    assert.equal(response.statusCode, 400);
    assert.match(
      response.json().error,
      /^prompt: the prompt needs 17 chunks of 75 tokens, at most 16 are allowed/,
    );
  }
  const negative = await service.post('/v2/sdxl-torch', { prompt, negative_prompt: long });
  assert.match(negative.json().error, /^negative_prompt: /);
});
