import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { after, before } from '../../../testing/hooks.ts';
import { postPaths, randomRequest } from '../../testing/random-requests.ts';
import { startTestService, type TestService } from '../../testing/service.ts';

/** How many requests; 20,000 take some minutes. */
const count = Number(process.env.FUZZ_REQUESTS ?? 2000);
/** A run is repeated with the seed that it prints on failure. */
const seed = Number(process.env.FUZZ_SEED ?? 20_261_120);

let service: TestService;
let foreignId: string;
const foreignPrompt = 'a prompt of somebody else';
before(async () => {
  const settings = { maxQueued: 1_000_000, authFailuresPerMinute: 1_000_000 };
  // What is looked for at the end must outlive the walk.
  service = await startTestService(settings, undefined, {}, { retentionSeconds: 3600 });
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

/** Keys of an error. AUTOMATIC1111's API has a form of its own, at the addresses that it has. */
const errorForms = (path: string) =>
  path.startsWith('/sdapi/') ? ['error,detail,body,errors', 'error'] : ['error'];
const posted = postPaths.map((path) => new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]*')}$`));
const isPosted = (path: string) => posted.some((pattern) => pattern.test(path));

test(`${count} random requests: no 5xx, no hang, no stack trace, nothing of another key's`, async () => {
  const ownId = await service.submitted({ prompt: 'a panda' });
  const named = (text: string) => text.replaceAll('OWN', ownId).replaceAll('FOREIGN', foreignId);
  const seen: Record<number, number> = {};
  const property = fc.asyncProperty(
    randomRequest,
    async ({ path, headers, contentType, payload, key, ...drawn }) => {
      const method = drawn.method ?? (isPosted(path) ? 'POST' : 'GET');
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
        assert.ok(errorForms(path).includes(Object.keys(response.json()).join()), body);
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
