import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FastifyInstance } from 'fastify';
import OpenAI from 'openai';
import type { Browser, Page } from 'playwright-core';
import { createApiKey } from '../../../jobs/keys/api-keys.ts';
import { createSignInToken } from '../../../jobs/keys/sign-in-tokens.ts';
import { noBrowser, openBrowser, watchedPage } from '../../../testing/browser.ts';
import { after, before } from '../../../testing/hooks.ts';
import { startTestService, type TestService } from '../../testing/service.ts';
import { type SubPathProxy, startSubPathProxy } from '../../testing/sub-path-proxy.ts';

/** Everything below a path of a reverse proxy, one that takes the path away and one that does not. */

let service: TestService;
let browser: Browser | undefined;
const behind: { name: string; proxy: SubPathProxy; app: FastifyInstance }[] = [];
const names = ['stripping the path', 'leaving the path'];
before(async () => {
  service = await startTestService();
  if (!noBrowser) browser = await openBrowser();
  for (const name of names) {
    let upstream = '';
    const proxy = await startSubPathProxy(() => upstream, name === names[0]);
    const app = await service.gateway({ publicUrl: proxy.base });
    upstream = await app.listen({ host: '127.0.0.1', port: 0 });
    behind.push({ name, proxy, app });
  }
});
after(async () => {
  await browser?.close();
  for (const { app, proxy } of behind) {
    await app.close();
    await proxy.close();
  }
  await service.close();
});

/** Tries an operation out, as a reader of the docs does. */
async function askInDocs(page: Page, base: string): Promise<void> {
  await page.goto(`${base}/docs`);
  const operation = page.locator('[id$="-get_healthz"]');
  await operation.locator('.opblock-summary').click();
  await operation.locator('.try-out__btn').click();
  await operation.locator('.execute').click();
  const asked = await operation.locator('.request-url pre').textContent();
  assert.equal(asked, `${base}/healthz`);
  await operation.locator('.live-responses-table').waitFor();
}

for (const [index, name] of names.entries()) {
  const place = () => behind[index]!.proxy;
  const call = (url: string, init: RequestInit = {}) =>
    fetch(url, { ...init, headers: { 'x-api-key': service.key, ...init.headers } });
  const body = (fields: object): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(fields),
  });
  const read = async (response: Response) => {
    assert.equal(response.status, 200, response.url);
    return (await response.json()) as Record<string, string>;
  };

  test(`behind a proxy ${name}, a request is followed by the addresses of its answers`, async () => {
    const { base } = place();
    const submitted = await read(await call(`${base}/v2/sdxl-torch`, body({ prompt: 'a panda', seed: 3 })));
    const id = submitted.request_id!;
    assert.deepEqual(
      [submitted.poll_url, submitted.status_url, submitted.response_url],
      [`${base}/v1/requests/${id}`, `${base}/v2/requests/${id}/status`, `${base}/v2/requests/${id}`],
    );
    await service.ended(id);
    assert.equal((await read(await call(submitted.status_url!))).status, 'COMPLETED');
    assert.equal((await read(await call(submitted.poll_url!))).status, 'COMPLETED');
    const { output } = await read(await call(submitted.response_url!));
    assert.ok(output!.startsWith(`${base}/outputs/${id}/`));
    assert.equal(await (await fetch(output!)).text(), 'picture of seed 3');
    const events = await (await call(`${submitted.response_url}/events`)).text();
    assert.ok(events.includes(`"output":"${output}"`), events);
    const picture = await call(`${base}/v1/sdxl-torch`, body({ prompt: 'a panda', seed: 4 }));
    assert.equal(await picture.text(), 'picture of seed 4');
  });

  test(`behind a proxy ${name}, OpenAI's client works with its base URL below the path`, async () => {
    const client = new OpenAI({ apiKey: service.key, baseURL: `${place().base}/v1`, maxRetries: 0 });
    const { data } = await client.images.generate({ model: 'dall-e-3', prompt: 'x', ...{ seed: 9 } });
    assert.equal(await (await fetch(data![0]!.url!)).text(), 'picture of seed 9');
    assert.equal((await client.models.list()).data[0]!.id, 'sdxl-torch');
    await assert.rejects(async () => client.models.retrieve('gpt-5'), /does not exist here/);
  });

  test(`behind a proxy ${name}, programs of A1111 and batches work below the path`, async () => {
    const { base, strays } = place();
    const before = strays.length;
    for (const [path, fields] of [
      ['txt2img', { prompt: 'a panda', seed: 5 }],
      ['txt2img/', { prompt: 'a panda', seed: 5, sampler_name: 'DPM++ 2M', scheduler: 'karras' }],
    ] as const) {
      const made = await call(`${base}/sdapi/v1/${path}`, body(fields));
      assert.equal(made.status, 200);
      const { images } = (await made.json()) as { images: string[] };
      assert.equal(Buffer.from(images[0]!, 'base64').toString(), 'picture of seed 5');
    }
    for (const path of ['sdapi/v1/sd-models', 'sdapi/v1/options', 'sdapi/v1/progress', 'internal/ping'])
      await read(await call(`${base}/${path}`));
    const lines = `{"prompt": "a panda", "seed": 6}`;
    const headers = { 'content-type': 'application/jsonl' };
    const batch = (await (
      await call(`${base}/v2/batches`, { method: 'POST', headers, body: lines })
    ).json()) as Record<string, string>;
    assert.equal(batch.status_url, `${base}/v2/batches/${batch.batch_id}`);
    let state: { status?: string } = {};
    while (state.status !== 'COMPLETED') state = await read(await call(batch.status_url!));
    const results = await (await call(batch.results_url!)).text();
    const { output } = JSON.parse(results).result;
    assert.ok(output.startsWith(`${base}/outputs/`));
    assert.equal(await (await fetch(output)).text(), 'picture of seed 6');
    assert.deepEqual(strays.slice(before), []);
  });

  test(`behind a proxy ${name}, redirects and errors stay below the path, administrators' routes work`, async () => {
    const { base } = place();
    const { origin, pathname } = new URL(base);
    for (const [url, end] of [
      [`${base}/docs/`, `${pathname}/docs`],
      [base, `${pathname}/`],
      [`${base}?x=1`, `${pathname}/`],
    ] as const) {
      const followed = await fetch(url);
      assert.deepEqual([followed.status, new URL(followed.url).pathname], [200, end]);
    }
    const { key } = await createApiKey(service.producer.redis, 'admin', { admin: true });
    await read(await call(`${base}/v1/admin/queues`, { headers: { 'x-api-key': key } }));
    assert.equal((await fetch(`${base}x/healthz`)).status, 404);
    assert.equal((await fetch(`${origin}/healthz`)).status, 404);
    assert.equal((await call(`${base}/v2/nothing`)).status, 404);
  });

  test(`behind a proxy ${name}, the pages load all they need from below the path`, {
    skip: noBrowser,
  }, async () => {
    const { base, strays } = place();
    const before = strays.length;
    const { page, troubles } = await watchedPage(browser!, base);
    const { redis } = service.producer;
    const { key } = await createApiKey(redis, 'of the page', { admin: true });
    const token = await createSignInToken(redis, key, 60);
    await page.goto(`${base}/#sign-in=${token}`);
    await page.getByRole('button', { name: 'Generate' }).waitFor();
    await page.goto(`${base}/admin`);
    await page.getByRole('heading').first().waitFor();
    // Swagger UI is a page of the same kind, and a large one.
    if (index === 1) await askInDocs(page, base);
    await page.context().close();
    assert.deepEqual([troubles, strays.slice(before)], [[], []]);
  });
}
