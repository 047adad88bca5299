import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import { codeOf, type Language, type SampleRequest } from './code-samples.ts';

/** Every sample is run, against a server that keeps what it was sent. */
const folder = await mkdtemp(path.join(os.tmpdir(), 'code-samples-'));
let received: { url: string; key: string; fields: Record<string, unknown> };
const server = http.createServer(async (request, response) => {
  const body = new Response(request as unknown as ReadableStream, {
    headers: { 'content-type': String(request.headers['content-type']) },
  });
  const isForm = String(request.headers['content-type']).startsWith('multipart');
  const fields = isForm ? await formFields(await body.formData()) : await body.json();
  received = { url: request.url!, key: String(request.headers['x-api-key']), fields: fields as never };
  response.end('picture');
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
after(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

async function formFields(form: FormData): Promise<Record<string, unknown>> {
  const entries = [...form].map(async ([name, value]) => [
    name,
    typeof value === 'string' ? value : Buffer.from(await value.arrayBuffer()).toString('base64'),
  ]);
  return Object.fromEntries(await Promise.all(entries));
}

const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const prompt = `@it's "a" $HOME \`id\` \\ <cat>; naïve 🐈\nline two`;
const key = 'SG_0123456789abcdef';
const loras = [{ name: `it's "ink"`, weight: 0.5 }];
const run = promisify(execFile);
const runners: Record<Language, (code: string) => Promise<unknown>> = {
  curl: (code) => run('bash', ['-c', code], { cwd: folder }),
  Python: (code) => run('python3', ['-c', code], { cwd: folder }),
  JavaScript: (code) => run(process.execPath, ['--input-type=module', '-e', code], { cwd: folder }),
};
const lacking = (command: string) => spawnSync(command, ['--version']).error !== undefined;
const skip = (language: Language) => {
  const command = { curl: 'curl', Python: 'python3', JavaScript: process.execPath }[language];
  return lacking(command) && `there is no ${command} on this machine`;
};

for (const language of ['curl', 'Python', 'JavaScript'] as const) {
  test(`${language} sends a text to image request as it was and saves the answer`, {
    skip: skip(language),
  }, async () => {
    const body = { prompt, seed: 7, refiner: false, guidance_scale: 6.5, output_format: 'png', loras };
    await runners[language](codeOf(language, { base, key, slug: 'sdxl-torch', body }));
    assert.deepEqual(received, { url: '/v1/sdxl-torch', key, fields: body });
    assert.equal(await readFile(path.join(folder, 'picture.png'), 'utf8'), 'picture');
  });

  test(`${language} sends the picture file of image to image`, { skip: skip(language) }, async () => {
    const file = `my "photo", a; b's.png`;
    await writeFile(path.join(folder, file), 'pixels');
    const sample: SampleRequest = {
      base,
      key,
      slug: 'sdxl-img2img',
      body: { prompt, strength: 0.5, loras },
      file,
    };
    await runners[language](codeOf(language, sample));
    const { prompt: sent, strength, image, loras: named } = received.fields;
    assert.deepEqual(typeof named === 'string' ? JSON.parse(named) : named, loras);
    assert.deepEqual([sent, Number(strength)], [prompt, 0.5]);
    assert.equal(Buffer.from(String(image), 'base64').toString(), 'pixels');
    assert.equal(await readFile(path.join(folder, 'picture.jpg'), 'utf8'), 'picture');
  });

  test(`${language} has no key where none is asked for`, () => {
    assert.doesNotMatch(codeOf(language, { base, key: undefined, slug: 'sdxl-torch', body: {} }), /api-key/);
  });
}
