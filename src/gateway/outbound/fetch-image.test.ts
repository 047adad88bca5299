import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { ApiError } from '../../contract/errors.ts';
import { after, before } from '../../testing/hooks.ts';
import { createImageFetcher, type ImageFetcher } from './fetch-image.ts';

let server: http.Server;
let host: string;
let fetcher: ImageFetcher;
const asked: string[] = [];

const respond: Record<string, (response: http.ServerResponse) => void> = {
  '/picture': (response) => response.end('picture'),
  '/moved': (response) => response.writeHead(302, { location: '/picture' }).end(),
  '/metadata': (response) => response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end(),
  '/elsewhere': (response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  '/loop': (response) => response.writeHead(301, { location: '/loop' }).end(),
  '/missing': (response) => response.writeHead(404).end('no'),
  '/gzip': (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('zipped'),
  '/large': (response) => response.end(Buffer.alloc(5000)),
  '/endless': (response) => {
    const timer = setInterval(() => response.write(Buffer.alloc(400)), 1);
    response.on('close', () => clearInterval(timer));
  },
  '/drip': (response) => {
    const timer = setInterval(() => response.write('.'), 50);
    response.on('close', () => clearInterval(timer));
  },
  '/silent': () => undefined,
};

before(async () => {
  server = http.createServer((request, response) => {
    asked.push(request.url!);
    respond[request.url!]!(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  fetcher = createImageFetcher({ timeoutMs: 1000, maxBytes: 4096, allowedHosts: [host] });
});
after(async () => {
  await fetcher.close();
  server.closeAllConnections();
  server.close();
});

async function refused(address: string, reason: RegExp, by = fetcher): Promise<void> {
  await assert.rejects(by.fetch(address), (error) => {
    assert.ok(error instanceof ApiError);
    assert.equal(error.status, 400);
    assert.match(error.message, /^Input image not found: image "/);
    assert.match(error.message, reason);
    return true;
  });
}

test('an allowed address gives its bytes, also behind a redirect', async () => {
  assert.equal((await fetcher.fetch(`http://${host}/picture`)).toString(), 'picture');
  assert.equal((await fetcher.fetch(`http://${host}/moved`)).toString(), 'picture');
});

for (const [path, reason] of [
  ['/metadata', /not on the public internet/],
  ['/elsewhere', /neither http nor https/],
  ['/loop', /redirected more than 3 times/],
  ['/missing', /status 404/],
  ['/gzip', /compressed/],
  ['/large', /larger than 4096 bytes/],
  ['/endless', /larger than 4096 bytes/],
  ['/drip', /did not arrive in time/],
  ['/silent', /did not arrive in time/],
] as const)
  test(`a server that answers as ${path} is refused with ${reason.source}`, () =>
    refused(`http://${host}${path}`, reason));

test('without the allowance no spelling of a private address is even connected to', async () => {
  const strict = createImageFetcher({ timeoutMs: 1000, maxBytes: 4096, allowedHosts: [] });
  const before = asked.length;
  const { port } = server.address() as AddressInfo;
  for (const spelling of [
    '127.0.0.1',
    'localhost',
    '0x7f.1',
    '2130706433',
    '0177.0.0.1',
    '127.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::127.0.0.1]',
    '１２７.0.0.1',
    'localhost.',
    '0',
    '169.254.169.254',
    '[fd00:ec2::254]',
    '10.0.0.1',
    '[64:ff9b::7f00:1]',
    '[2002:7f00:1::]',
  ])
    await refused(`http://${spelling}/picture`, /not on the public internet|could not be fetched/, strict);
  await refused(`http://127.0.0.1:${port}/picture`, /port other than 80 and 443/, strict);
  assert.equal(asked.length, before);
  await strict.close();
});

test('an allowance is for one port of one host', async () => {
  await refused('http://127.0.0.1/picture', /port that is not allowed/);
  await refused('http://127.0.0.1:22/picture', /port that is not allowed/);
});

test('addresses with other schemes, credentials or no sense are refused', async () => {
  await refused('ftp://pictures.example/a.png', /neither http nor https/);
  await refused('http://user:secret@pictures.example/a.png', /user name or password/);
  await refused('http://', /not a valid URL/);
  await refused('http://[::1/a.png', /not a valid URL/);
});

test('a signed address is named without what signs it, and without a password', async () => {
  const fetcher = createImageFetcher({ timeoutMs: 1000, maxBytes: 1000, allowedHosts: [] });
  await assert.rejects(
    fetcher.fetch('https://me:ss-word@127.0.0.1/a.png?X-Amz-Signature=ss-word'),
    /^ApiError: Input image not found: image "https:\/\/\*\*\*@127\.0\.0\.1\/a\.png\?\*\*\*" /,
  );
  await fetcher.close();
});

test('a fetch ends when its client is gone', async () => {
  const gone = new AbortController();
  const from = performance.now();
  const fetched = assert.rejects(fetcher.fetch(`http://${host}/silent`, undefined, gone.signal), ApiError);
  setTimeout(() => gone.abort(), 50);
  await fetched;
  assert.ok(performance.now() - from < 800, `after ${performance.now() - from} ms`);
});
