import assert from 'node:assert/strict';
import { test } from 'node:test';
import { after, before } from '../../../testing/hooks.ts';
import { recordedClients, replay } from '../../testing/recorded-requests.ts';
import { startTestService, type TestService } from '../../testing/service.ts';

/** Each request as its program sends it; the answer has what that program reads. */

let service: TestService;
let base: string;
before(async () => {
  service = await startTestService({ publicUrl: undefined });
  base = await service.app.listen({ host: '127.0.0.1', port: 0 });
});
after(() => service.close());

const clients = recordedClients();

test('every recorded request names where it was read', () => {
  for (const [name, { repository, file, commit, requests }] of clients) {
    assert.match(repository, /^[\w.-]+\/[\w.-]+$/, name);
    assert.ok(file.length > 0 && requests.length > 0, name);
    assert.match(commit, /^[0-9a-f]{40}$/, name);
  }
});

for (const [name, client] of clients)
  for (const request of client.requests)
    test(`${client.client}: ${request.case} (${name})`, () => replay(base, service.key, client, request));
