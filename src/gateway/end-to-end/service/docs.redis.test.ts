import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { createApiKey } from '../../../jobs/keys/api-keys.ts';
import { noBrowser, openBrowser } from '../../../testing/browser.ts';
import { after, before } from '../../../testing/hooks.ts';
import { startTestService, type TestService } from '../../testing/service.ts';

let service: TestService;
before(async () => {
  service = await startTestService({ publicUrl: undefined });
});
after(() => service.close());

interface Media {
  readonly schema: object;
  readonly example?: unknown;
  readonly examples?: Readonly<Record<string, { readonly value: unknown }>>;
}
interface Described {
  readonly content?: Readonly<Record<string, Media>>;
}
interface Operation {
  readonly requestBody?: Described;
  readonly responses: Readonly<Record<string, Described>>;
}

test('the OpenAPI document is valid OpenAPI 3.1', async () => {
  const document = (await service.app.inject('/openapi.json')).json();
  assert.match(document.openapi, /^3\.1\./);
  const { valid, errors } = await new Validator().validate(document);
  assert.ok(valid, JSON.stringify(errors));
});

test('every operation has an example of each JSON it takes and gives, and each is of its schema', async () => {
  const document = (await service.app.inject('/openapi.json')).json();
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema({ $id: 'api', components: document.components });
  const operations = Object.entries<Record<string, Operation>>(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => [`${method} ${path}`, operation] as const),
  );
  assert.ok(operations.length > 20);
  for (const [name, { requestBody, responses }] of operations)
    for (const [part, { content }] of Object.entries({ body: requestBody ?? {}, ...responses })) {
      const media = content?.['application/json'];
      if (media === undefined || name === 'get /openapi.json') continue;
      const values = media.examples
        ? Object.values(media.examples).map(({ value }) => value)
        : [media.example];
      const validate = ajv.compile(JSON.parse(JSON.stringify(media.schema).replaceAll('"#/', '"api#/')));
      for (const value of values)
        assert.ok(
          validate(value),
          `${name} ${part}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`,
        );
    }
});

/** Status of the example of a body where it is not 200. */
const exceptions: Readonly<Record<string, number>> = {
  // The token of the example was never made.
  '/v1/sign-in': 401,
  '/v1/admin/keys': 201,
  // Nor was the key.
  '/v1/admin/keys/{id}/credits': 404,
};

test('every address that the document names exists, and no example of a body is refused', async () => {
  const document = (await service.app.inject('/openapi.json')).json();
  const { key } = await createApiKey(service.producer.redis, 'root', { admin: true });
  const admin = { 'x-api-key': key };
  for (const [path, methods] of Object.entries<Record<string, Operation>>(document.paths)) {
    const served = path.replace('{model}', 'juggernaut');
    const wrong = await service.app.inject({ method: 'PUT', url: served.replace(/\{\w+\}/g, 'x') });
    assert.equal(wrong.statusCode, 405, path);
    const media = methods.post?.requestBody?.content?.['application/json'];
    const values = media?.examples
      ? Object.values(media.examples).map(({ value }) => value)
      : [media?.example];
    for (const value of values.filter((each) => each !== undefined)) {
      const response = await service.post(served, value, path.startsWith('/v1/admin/') ? admin : {});
      assert.equal(response.statusCode, exceptions[path] ?? 200, `${path} ${response.body}`);
    }
  }
});

test('the document is cached by its tag', async () => {
  const first = await service.app.inject('/openapi.json');
  assert.equal(first.headers['cache-control'], 'public, max-age=300');
  const again = await service.app.inject({
    url: '/openapi.json',
    headers: { 'if-none-match': String(first.headers.etag) },
  });
  assert.equal(again.statusCode, 304);
  assert.equal(again.body, '');
});

test('the page allows files of its own origin only, and its files are cached for good under a name of their content', async () => {
  const slashed = await service.app.inject('/docs/');
  assert.deepEqual([slashed.statusCode, slashed.headers.location], [308, '../docs']);
  assert.equal(new URL('../docs', 'https://h/sdxl/docs/').pathname, '/sdxl/docs');
  const page = await service.app.inject('/docs');
  const policy = String(page.headers['content-security-policy']);
  assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/);
  assert.doesNotMatch(policy, /unsafe|upgrade-insecure|https?:|\*/);
  assert.equal(page.headers['cache-control'], 'no-cache');
  const files = [...page.body.matchAll(/(?:src|href)="(docs\/[^"]+)"/g)].map(([, file]) => `/${file}`);
  assert.equal(files.length, 4);
  for (const file of files) {
    const plain = await service.app.inject(file);
    assert.equal(plain.statusCode, 200, file);
    assert.equal(plain.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(plain.headers['x-content-type-options'], 'nosniff');
    const gzipped = await service.app.inject({ url: file, headers: { 'accept-encoding': 'gzip' } });
    assert.equal(gzipped.headers['content-encoding'], 'gzip');
    const unpacked = await new Response(
      new Blob([new Uint8Array(gzipped.rawPayload)]).stream().pipeThrough(new DecompressionStream('gzip')),
    ).bytes();
    assert.deepEqual(Buffer.from(unpacked), plain.rawPayload);
  }
  for (const wrong of ['/docs/0/start.js', files[0]!.replace(/[^/]+$/, 'package.json')])
    assert.equal((await service.app.inject(wrong)).statusCode, 404);
});

test('a browser shows the operations without an error, a refused file or a request to anybody else', {
  skip: noBrowser,
}, async () => {
  const base = await service.app.listen({ host: '127.0.0.1', port: 0 });
  const browser = await openBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
    const troubles: string[] = [];
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) troubles.push(message.text());
    });
    page.on('pageerror', (error) => troubles.push(String(error)));
    page.on('request', (request) => {
      if (!request.url().startsWith(base) && !request.url().startsWith('data:')) troubles.push(request.url());
    });
    await page.goto(`${base}/docs`);
    await page.locator('#operations-Synchronous-post_v1_sdxl_torch').click();
    await page.getByRole('button', { name: 'Try it out' }).first().click();
    await page.getByRole('button', { name: 'Execute' }).click();
    await page.locator('.live-responses-table').waitFor();
    assert.match(
      (await page.locator('.live-responses-table').textContent()) ?? '',
      /Missing Authorization or x-api-key/,
    );
    if (process.env.DOCS_SCREENSHOT) await page.screenshot({ path: process.env.DOCS_SCREENSHOT });
    assert.deepEqual(
      troubles.filter((text) => !text.includes('401')),
      [],
    );
  } finally {
    await browser.close();
  }
});
