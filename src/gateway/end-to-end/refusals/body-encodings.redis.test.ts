import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { after, before } from '../../../testing/hooks.ts';
import { startTestService, type TestService } from '../../testing/service.ts';

/** How bodies are written down: forms, charsets, codings. */

const prompt = 'a panda';
let service: TestService;
before(async () => {
  service = await startTestService();
});
after(() => service.close());

test('a field of a form that is over the limit is 413 and names the field', async () => {
  const small = await service.gateway({ imageBodyLimit: 2000 });
  const base64 = Buffer.alloc(1800).toString('base64');
  for (const name of ['image', 'prompt']) {
    const form = `--x\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${base64}\r\n--x--\r\n`;
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const response = await service.post('/v2/sdxl-img2img', form, headers, small);
    assert.equal(response.statusCode, 413, response.body);
  }
  await small.close();
});

test('a part of a form that is declared as JSON and is none is 400', async () => {
  const form =
    '--x\r\nContent-Disposition: form-data; name="prompt"\r\nContent-Type: application/json\r\n\r\n{\r\n--x--\r\n';
  const response = await service.post('/v2/sdxl-torch', form, {
    'content-type': 'multipart/form-data; boundary=x',
  });
  assert.equal(response.statusCode, 400);
  assert.match(response.json().error, /declared as JSON/);
});

test('text that is not UTF-8 is 400, since another prompt would be drawn', async () => {
  const inJson = Buffer.from('{"prompt": "a caf\u00e9"}', 'latin1');
  const inForm = Buffer.from(
    '--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\na caf\u00e9\r\n--x--\r\n',
    'latin1',
  );
  for (const [url, type, payload, message] of [
    ['/v2/sdxl-torch', 'application/json', inJson, 'The request body is not valid JSON: it is not UTF-8'],
    ['/v2/sdxl-torch', 'multipart/form-data; boundary=x', inForm, 'The form\'s field "prompt" is not UTF-8'],
    ['/v2/batches', 'application/jsonl', inJson, 'The batch is not UTF-8'],
  ] as const) {
    const headers = { 'x-api-key': service.key, 'content-type': type };
    const response = await service.app.inject({ method: 'POST', url, headers, payload });
    assert.deepEqual([response.statusCode, response.json()], [400, { error: message }]);
  }
});

// RFC 9110, 8.4 and 15.5.16.
test('a compressed body is refused by the name of its coding, each family in its own form', async () => {
  const payload = gzipSync(JSON.stringify({ prompt }));
  for (const [url, status] of [
    ['/v1/sdxl-torch', 406],
    ['/v2/sdxl-torch', 406],
    ['/v2/batches', 406],
    ['/v1/tokenize', 406],
    ['/v1/images/generations', 415],
    ['/sdapi/v1/txt2img', 406],
    ['/sdapi/v1/options', 406],
  ] as const)
    for (const coding of ['gzip', 'br', 'x']) {
      const type = url === '/v2/batches' ? 'application/jsonl' : 'application/json';
      const headers = { 'x-api-key': service.key, 'content-type': type, 'content-encoding': coding };
      const response = await service.app.inject({ method: 'POST', url, headers, payload });
      assert.equal(response.statusCode, status, `${url} ${response.body}`);
      const { error, detail } = response.json();
      const message = `Content-Encoding "${coding}" is not taken here: send the body as it is`;
      assert.equal(detail ?? error.message ?? error, message, url);
      assert.equal(response.headers['accept-encoding'], 'identity');
    }
  const plain = { 'content-type': 'application/json', 'content-encoding': 'identity' };
  assert.equal((await service.post('/v2/sdxl-torch', { prompt }, plain)).statusCode, 200);
});
