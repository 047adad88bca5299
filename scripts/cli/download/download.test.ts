import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, beforeEach, test } from 'node:test';
import { type DownloadOptions, download } from './download.ts';
import { type FileServer, type FileServerOptions, serveFiles } from './testing/file-server.ts';

const content = Buffer.from(Uint32Array.from({ length: 250_000 }, (_, index) => index * 2654435761).buffer);
const sha256 = createHash('sha256').update(content).digest('hex');
const root = mkdtempSync(path.join(tmpdir(), 'download-'));
let file = '';
let count = 0;
beforeEach(() => {
  file = path.join(root, String(count++), 'weights.safetensors');
});
after(() => rmSync(root, { recursive: true }));

async function withServer(options: FileServerOptions, run: (server: FileServer) => Promise<void>) {
  const server = await serveFiles({ '/file': content }, options);
  try {
    await run(server);
  } finally {
    await server.close();
  }
}

const get = (server: FileServer, own: Partial<DownloadOptions> = {}) =>
  download({ url: `${server.url}/file`, file, retryDelayMs: 1, ...own });
const here = () => readdirSync(path.dirname(file));

test('a file arrives whole, with its hash, and nothing else stays beside it', () =>
  withServer({}, async (server) => {
    const seen: (number | undefined)[][] = [];
    const done = await get(server, { sha256, onBytes: (...step) => seen.push(step) });
    assert.deepEqual(done, { bytes: content.length, sha256, resumedFrom: 0, vouchedBy: 'caller' });
    assert.ok(readFileSync(file).equals(content));
    assert.deepEqual(here(), ['weights.safetensors']);
    assert.deepEqual(seen[0], [0, content.length]);
    assert.deepEqual(seen.at(-1), [content.length, content.length]);
  }));

test('connections cut again and again are continued by ranges', () =>
  withServer({ cutAfter: (answer) => (answer < 6 ? 150_000 : undefined) }, async (server) => {
    await get(server, { sha256 });
    assert.ok(readFileSync(file).equals(content));
    const starts = server.requests.map(({ headers }) => headers.range);
    assert.equal(starts[0], undefined);
    for (const range of starts.slice(1)) assert.match(range!, /^bytes=[1-9]\d+-$/);
  }));

test('another process continues where an ended one stopped', () =>
  withServer(
    { cutAfter: (answer) => (answer === 0 ? 300_000 : answer < 3 ? 0 : undefined) },
    async (server) => {
      await assert.rejects(get(server, { patience: 2 }), /given up after 2 tries/);
      assert.deepEqual(here(), ['weights.safetensors.partial', 'weights.safetensors.partial.json']);
      const { resumedFrom } = await get(server, { sha256 });
      assert.ok(resumedFrom > 0 && resumedFrom <= 300_000);
      assert.equal(server.requests.at(-1)!.headers.range, `bytes=${resumedFrom}-`);
      assert.ok(readFileSync(file).equals(content));
    },
  ));

test('a file that changed on the server begins anew', async () => {
  let tag = '"old"';
  await withServer(
    { etag: () => tag, cutAfter: (answer) => (answer < 3 ? 200_000 * +(answer === 0) : undefined) },
    async (server) => {
      await assert.rejects(get(server, { patience: 2 }));
      tag = '"new"';
      writeFileSync(`${file}.partial`, Buffer.alloc(200_000, 7));
      await get(server, { sha256 });
      assert.ok(readFileSync(file).equals(content));
    },
  );
});

test('a server without ranges, or without a validator, is asked for the whole file again', async () => {
  for (const options of [{ ranges: false }, { etag: () => undefined }]) {
    file = path.join(root, String(count++), 'weights.safetensors');
    await withServer(
      { ...options, cutAfter: (answer) => (answer < 2 ? 100_000 : undefined) },
      async (server) => {
        await get(server, { sha256 });
        assert.ok(readFileSync(file).equals(content));
      },
    );
  }
});

test('a partial file that was already complete is only checked', () =>
  withServer({ cutAfter: () => 0 }, async (server) => {
    await assert.rejects(get(server, { patience: 1 }));
    writeFileSync(`${file}.partial`, content);
    await get(server, { sha256 });
    assert.ok(readFileSync(file).equals(content));
  }));

test('a wrong hash is refused with both values, and the bytes are deleted', () =>
  withServer({}, async (server) => {
    const wrong = 'a'.repeat(64);
    await assert.rejects(get(server, { sha256: wrong }), (error: Error) => {
      assert.ok(error.message.includes(`expected ${wrong}, got ${sha256}`));
      return true;
    });
    assert.deepEqual(here(), []);
  }));

test('the hash that a redirect names is held against the bytes', async () => {
  const hub = (hash: string): FileServerOptions => ({
    redirect: (at) =>
      at === '/resolve' ? { location: '/file', headers: { 'x-linked-etag': `"${hash}"` } } : undefined,
  });
  await withServer(hub(sha256), async (server) => {
    assert.equal((await get(server, { url: `${server.url}/resolve` })).vouchedBy, 'server');
  });
  await withServer(hub('b'.repeat(64)), async (server) => {
    await assert.rejects(get(server, { url: `${server.url}/resolve` }), /wrong SHA-256: expected bbbb/);
  });
});

test('a token goes to the first host and not to where it redirects', () =>
  withServer({}, async (other) => {
    const redirect = (at: string) => (at === '/gated' ? { location: `${other.url}/file` } : undefined);
    await withServer({ redirect }, async (server) => {
      await get(server, { url: `${server.url}/gated`, authorization: 'Bearer secret' });
      assert.equal(server.requests[0]!.headers.authorization, 'Bearer secret');
      assert.equal(other.requests[0]!.headers.authorization, undefined);
    });
  }));

test('a file system without room is refused before the first byte', () =>
  withServer({}, async (server) => {
    await assert.rejects(
      get(server, { freeBytes: async () => 999_999 }),
      /977 KiB are still to come and 977 KiB are free/,
    );
    assert.ok(!existsSync(`${file}.partial`));
  }));

test('a busy server is asked again, a missing or forbidden file is not', async () => {
  await withServer({ statusOf: (answer) => (answer < 2 ? 503 : undefined) }, async (server) => {
    await get(server, { sha256 });
    assert.equal(server.requests.length, 3);
  });
  await withServer({}, async (server) => {
    await assert.rejects(get(server, { url: `${server.url}/none` }), /\/none: status 404$/);
    assert.equal(server.requests.length, 1);
  });
  await withServer({ statusOf: () => 401 }, async (server) => {
    await assert.rejects(get(server), /status 401; .*HF_TOKEN/);
  });
});
