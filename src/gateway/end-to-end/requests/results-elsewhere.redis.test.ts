import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from '../../../results/result-store.ts';
import { type MemoryStore, memoryStore } from '../../../results/testing/memory-store.ts';
import { after, before } from '../../../testing/hooks.ts';
import { publicUrl, startTestService, type TestService } from '../../testing/service.ts';

/** Pictures that are kept outside Redis reach clients as those in it do. */

let service: TestService;
let store: MemoryStore;
let signing: Awaited<ReturnType<TestService['gateway']>>;
before(async () => {
  store = memoryStore('s3://pictures');
  service = await startTestService({}, undefined, {}, { results: store });
  signing = await service.gateway({ resultLinks: 'signed' });
});
after(async () => {
  await signing.close();
  await service.close();
});

/** Address of a picture, without the host. */
async function made(): Promise<string> {
  const id = await service.submitted({ prompt: 'a panda', seed: 7 });
  await service.ended(id);
  const { output, status } = (await service.get(`/v2/requests/${id}`)).json();
  assert.equal(status, 'COMPLETED');
  assert.ok(output.startsWith(`${publicUrl}/outputs/`), output);
  return output.slice(publicUrl.length);
}

test('a picture in a store is handed out under its address, by a v1 call and as base64', async () => {
  const url = await made();
  const { statusCode, headers, body } = await service.app.inject({ url });
  assert.deepEqual([statusCode, headers['content-type'], body], [200, 'image/jpeg', 'picture of seed 7']);
  const direct = await service.post('/v1/sdxl-torch', { prompt: 'a panda', seed: 8 });
  assert.equal(direct.body, 'picture of seed 8');
  const encoded = await service.post('/v1/sdxl-torch', { prompt: 'a panda', seed: 9, base64: true });
  assert.equal(String(Buffer.from(encoded.json().image, 'base64')), 'picture of seed 9');
  assert.equal(store.kept.size, 3);
});

test('with RESULT_LINKS=signed clients are sent on to the store for as long as the picture lives', async () => {
  const url = await made();
  const { statusCode, headers } = await signing.inject({ url });
  assert.equal(statusCode, 302);
  assert.match(
    headers.location!,
    /^https:\/\/store\.example\/[0-9a-f-]{36}\/[0-9a-f]{32}-0\.jpg\?for=(60|59)$/,
  );
  assert.equal(headers['cache-control'], 'private, no-store');
  for (const from of [{ headers: { 'sec-fetch-site': 'same-origin' } }, { method: 'HEAD' as const }]) {
    const answer = await signing.inject({ url, ...from });
    assert.deepEqual(
      [answer.statusCode, answer.headers['content-length']],
      [200, '17'],
      JSON.stringify(from),
    );
  }
  assert.equal((await signing.inject({ url: url.replace(/-0\.jpg$/, '-1.jpg') })).statusCode, 404);
});

test('a store that does not answer is told as 503, and a picture that is gone from it as 404', async () => {
  const url = await made();
  const { get } = store;
  store.get = async () => {
    throw new StoreError('secret host did not answer');
  };
  const away = await service.app.inject({ url });
  assert.deepEqual([away.statusCode, away.headers['retry-after']], [503, '5']);
  assert.ok(!away.body.includes('secret'));
  store.get = get;
  store.kept.clear();
  assert.equal((await service.app.inject({ url })).statusCode, 404);
});
