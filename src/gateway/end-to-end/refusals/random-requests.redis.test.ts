import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { a1111Bodies } from '../../../contract/a1111/bodies.ts';
import { openAiBodies } from '../../../contract/openai/bodies.ts';
import { slugNames, slugs } from '../../../contract/slugs.ts';
import { startTestService, type TestService } from '../../testing/service.ts';

/** How many requests; 20,000 take about a minute. */
const count = Number(process.env.FUZZ_REQUESTS ?? 3000);
/** A run is repeated with the seed that it prints on failure. */
const seed = Number(process.env.FUZZ_SEED ?? 20_261_120);

let service: TestService;
let foreignId: string;
const foreignPrompt = 'a prompt of somebody else';
before(async () => {
  service = await startTestService({ maxQueued: 1_000_000, authFailuresPerMinute: 1_000_000 });
  const submitted = await service.app.inject({
    method: 'POST',
    url: '/v2/sdxl-torch',
    headers: { 'x-api-key': service.otherKey },
    payload: { prompt: foreignPrompt },
  });
  foreignId = submitted.json().request_id;
  await service.ended(foreignId);
});
after(() => service.close());

const oddTexts = [
  ...[
    '',
    ' ',
    'a panda',
    '1',
    '-1',
    '1e400',
    '0x1F',
    'NaN',
    'true',
    'False',
    'null',
    '\u0000',
    '\ud800',
    '💥',
  ],
  ...['__proto__', 'constructor', '../../etc/passwd', 'http://127.0.0.1/', 'https://pictures.example/a.png'],
  ...[
    'data:,',
    'data:image/png;base64,iVBORw0KGgo=',
    'UniPC',
    'Euler a',
    'anime',
    'juggernaut',
    'philox',
    'png',
  ],
  ...['((((', '$&', '%s%n', '1024x1024', 'b64_json', 'dall-e-3', 'x'.repeat(70_000)],
];
const oddNumbers = [0, -0, 1, 2, 4, 20, 25, 100, 1024, 0.5, -1, 1e15, 2 ** 53, 5e-324, 1e308];
const value: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom<unknown>(...oddTexts) },
  { weight: 4, arbitrary: fc.constantFrom<unknown>(...oddNumbers, true, false, null) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 50 }) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);
const fieldNames = [
  ...new Set([
    ...slugNames.flatMap((slug) => Object.keys(slugs[slug].body.shape)),
    ...Object.values({ ...openAiBodies, ...a1111Bodies }).flatMap(({ shape }) => Object.keys(shape)),
  ]),
  ...[
    '__proto__',
    'constructor',
    'toString',
    'steps',
    'mask',
    'image[]',
    'endpoint',
    'custom_id',
    'a'.repeat(300),
    '',
  ],
];
const fields = fc
  .tuple(
    fc.array(fc.tuple(fc.constantFrom(...fieldNames), value), { maxLength: 4 }),
    fc.boolean(),
    fc.boolean(),
  )
  .map(([entries, prompted, pictured]) =>
    Object.fromEntries([
      ...entries,
      ...(prompted ? [['prompt', 'a panda']] : []),
      ...(pictured ? [['image', 'https://pictures.example/a.png']] : []),
    ]),
  );

function formOf(body: object): string {
  const parts = Object.entries(body).map(
    ([name, each]) =>
      `--x\r\nContent-Disposition: form-data; name="${name.replace(/["\r\n]/g, '_')}"\r\n\r\n${
        typeof each === 'object' ? JSON.stringify(each) : String(each)
      }\r\n`,
  );
  return `${parts.join('')}--x--\r\n`;
}

/**
 * JSON that JSON.stringify does not write: deep, wide, out of range, said twice, not well formed, not of this
 * shape.
 */
const oddJson = fc.constantFrom(
  ...[
    `${'['.repeat(5000)}${']'.repeat(5000)}`,
    `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`,
    '['.repeat(100_000),
  ],
  ...[`${'['.repeat(60)}${']'.repeat(60)}`, `${'{"a":'.repeat(60)}1${'}'.repeat(60)}`],
  ...[`[${'0,'.repeat(9000)}0]`, `[${'0,'.repeat(200_000)}0]`, `[${'"",'.repeat(9000)}""]`],
  `{${Array.from({ length: 9000 }, (_, index) => `"${index}":${index}`).join(',')}}`,
  ...[
    '1e999',
    '-1e999',
    '1e-999',
    '9'.repeat(5000),
    `0.${'1'.repeat(5000)}`,
    '-0',
    '00',
    '+1',
    '0x1',
    'NaN',
    'undefined',
  ],
  ...['"\\ud800"', '"\\udc00\\ud800"', '"\\u0000"', '"\u0001"', '"\\x"', `"${'\\u0041'.repeat(9000)}"`, '"'],
  ...[
    '{"__proto__":{"prompt":"a"}}',
    '{"constructor":{"prototype":{}}}',
    '{"a":1,"a":2}',
    '{"":{"":[]}}',
    '\ufeff1',
  ],
);
/** A body of JSON with one field as it stands, perhaps a second time under a name that is there already. */
const oddBody = fc
  .tuple(fields, fc.constantFrom(...fieldNames), oddJson)
  .map(([body, name, json]) =>
    `{${JSON.stringify(name)}:${json},${JSON.stringify(body).slice(1)}`.replace(/,}$/, '}'),
  );
/** The same in a form, whose parts may say that they are JSON, files or text in another alphabet. */
const oddForm = fc
  .tuple(
    ...[fc.constantFrom(...fieldNames), oddJson],
    fc.constantFrom('', 'application/json', 'text/plain; charset=utf-16', 'image/png', 'x'),
    fc.constantFrom('', '; filename="a.png"', '; filename=""', "; filename*=utf-8''%ff"),
  )
  .map(
    ([name, json, type, file]) =>
      `--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\na panda\r\n--x\r\n` +
      `Content-Disposition: form-data; name="${name}"${file}\r\n${type && `Content-Type: ${type}\r\n`}\r\n${json}\r\n--x--\r\n`,
  );

const plainPayload = fc
  .tuple(fields, fc.nat(1_000_000), fc.integer({ min: 0, max: 9 }))
  .map(([body, at, damage]) => {
    const text = JSON.stringify(body);
    if (damage === 0) return text.slice(0, at % (text.length + 1));
    if (damage === 1) return `${text}}`;
    if (damage === 2) return `${text.slice(0, at % text.length)}\u0000${text.slice(at % text.length)}`;
    return damage <= 4 ? formOf(body) : text;
  });
/** Bodies under each other, as a batch has them. */
const linesPayload = fc
  .array(
    fc.oneof(
      fields.map((body) => JSON.stringify(body)),
      oddBody,
    ),
    { minLength: 1, maxLength: 4 },
  )
  .map((lines) => lines.join('\n'));
const payload = fc.oneof(
  { weight: 1, arbitrary: linesPayload },
  { weight: 4, arbitrary: plainPayload },
  { weight: 1, arbitrary: oddBody },
  { weight: 1, arbitrary: oddForm },
);

const id = fc.oneof(
  fc.constantFrom('OWN', 'FOREIGN', 'FOREIGN', '', 'x', '..', '%2e%2e', '%00', '%c0%80', '*', "' or 1=1"),
  fc.uuid(),
  fc.string({ unit: 'binary', maxLength: 40 }).map((text) => encodeURIComponent(text.toWellFormed())),
);
const submitPaths = [
  ...slugNames.flatMap((slug) => [`/v1/${slug}`, `/v2/${slug}`, `/v1/models/${slug}`]),
  ...['/v1/images/generations', '/v1/images/edits', '/sdapi/v1/txt2img', '/sdapi/v1/img2img'],
  ...['/sdapi/v1/png-info', '/sdapi/v1/options', '/sdapi/v1/interrupt', '/sdapi/v1/interrogate'],
  ...['/v1/images/variations', '/v2/batches'],
];
/** Of AUTOMATIC1111's API, whose errors have a form of their own. */
const a1111Path = (path: string) => path.startsWith('/sdapi/');
const a1111Keys = ['error', 'detail', 'body', 'errors'];
const path = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...submitPaths) },
  { weight: 1, arbitrary: id.map((each) => `/v1/requests/${each}`) },
  { weight: 2, arbitrary: id.map((each) => `/v2/requests/${each}`) },
  { weight: 2, arbitrary: id.map((each) => `/v2/requests/${each}/status`) },
  { weight: 1, arbitrary: id.map((each) => `/v2/batches/${each}`) },
  { weight: 1, arbitrary: id.map((each) => `/v2/batches/${each}/results`) },
  { weight: 1, arbitrary: id.map((each) => `/outputs/${each}/${'0'.repeat(32)}-0.jpg`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      ...[
        '/',
        '/v1/models',
        '/v1/styles',
        '/v1/schedulers',
        '/v1/get-user-credits',
        '/v1/credits',
        '/healthz',
      ],
      ...[
        '/readyz',
        '/openapi.json',
        '/docs',
        '/docs/x/start.js',
        '/v1/sdxl-torch/',
        '//',
        '/v2/%00',
        '/v3/x',
      ],
      ...['/sdapi/v1/progress?skip_current_image=x', '/sdapi/v1/sd-models', '/sdapi/v1/samplers'],
    ),
  },
);
const contentTypes = [
  ...['application/json', 'application/json', 'application/json', 'application/json; charset=utf-8'],
  ...[
    'multipart/form-data; boundary=x',
    'multipart/form-data; boundary=x',
    'multipart/form-data',
    'text/plain',
  ],
  ...[
    'application/jsonl',
    'application/x-ndjson',
    'application/json;charset="',
    'application/json\ta',
    '\u00e9',
    '',
  ],
];
const headerValue = fc.constantFrom(
  '',
  'x',
  '0',
  '-1',
  '*',
  'null',
  'a'.repeat(3000),
  '\u00e9',
  'OWN',
  'FOREIGN',
);
const headers = fc.dictionary(
  fc.constantFrom(
    ...[
      'accept',
      'accept-encoding',
      'authorization',
      'idempotency-key',
      'if-none-match',
      'last-event-id',
      'origin',
    ],
    ...['x-forwarded-for', 'x-forwarded-host', 'x-request-id', 'range', 'host', 'cookie', 'content-encoding'],
  ),
  headerValue,
  { maxKeys: 3 },
);
const request = fc.record({
  /** The path's own verb, most of the time. */
  method: fc.oneof(
    { weight: 5, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS') },
  ),
  path,
  headers,
  contentType: fc.constantFrom(...contentTypes),
  payload,
  key: fc.constantFrom('OWN', 'OWN', 'OWN', 'OWN', 'OWN', 'OWN', 'NONE', 'WRONG'),
});

test(`${count} random requests: no 5xx, no hang, no stack trace, nothing of another key's`, async () => {
  const ownId = await service.submitted({ prompt: 'a panda' });
  const named = (text: string) => text.replaceAll('OWN', ownId).replaceAll('FOREIGN', foreignId);
  const seen: Record<number, number> = {};
  const property = fc.asyncProperty(
    request,
    async ({ path, headers, contentType, payload, key, ...drawn }) => {
      const method = drawn.method ?? (submitPaths.includes(path) ? 'POST' : 'GET');
      const hasBody = !['GET', 'HEAD', 'OPTIONS'].includes(method);
      const response = await service.app.inject({
        method,
        url: named(path),
        headers: {
          ...Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, named(text)])),
          ...(key !== 'NONE' && { 'x-api-key': key === 'OWN' ? service.key : 'SG_0123456789abcdef' }),
          ...(hasBody && { 'content-type': contentType }),
        },
        ...(hasBody && { payload }),
      });
      const { statusCode, body } = response;
      seen[statusCode] = (seen[statusCode] ?? 0) + 1;
      assert.ok(statusCode < 500, `${statusCode} ${body}`);
      assert.ok(!body.includes(foreignPrompt), body);
      const type = String(response.headers['content-type'] ?? '');
      // The page's own script is the only text with positions in it.
      if (!/^application\/json|^text\/html/.test(type)) return;
      assert.doesNotMatch(
        body,
        /node_modules|\.ts:\d+|\bat (?:[^()"\n]* \()?(?:file:|node:|\/)\S*:\d+:\d+|ReplyError|sdxl:/,
      );
      if (statusCode >= 400 && statusCode !== 405 && statusCode !== 422 && method !== 'HEAD')
        assert.deepEqual(Object.keys(response.json()), a1111Path(path) ? a1111Keys : ['error'], body);
      if (path.includes('FOREIGN')) assert.ok(statusCode >= 400 || method === 'OPTIONS', body);
    },
  );
  await fc.assert(property, { numRuns: count, seed, endOnFailure: true });
  if (process.env.FUZZ_REQUESTS) console.log(seen);
  // The walk means something only while it reaches the usual answers.
  for (const status of [200, 400, 401, 404, 405, 406])
    assert.ok(seen[status]! > count / 300, `${status} is rare`);
});

test('of all those requests none has touched the one of another key', async () => {
  const response = await service.get(`/v2/requests/${foreignId}`, service.otherKey);
  assert.equal(response.json().prompt, foreignPrompt);
  assert.equal((await service.get(`/v2/requests/${randomUUID()}`)).statusCode, 404);
});
