import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { after, before } from '../../../testing/hooks.ts';
import { createImageFetcher } from '../../outbound/fetch-image.ts';
import type { ResolveName } from '../../outbound/resolve-name.ts';
import { startTestService, type TestService } from '../../testing/service.ts';

/**
 * Addresses that must lead nowhere, through the whole service. What an answer may be is in
 * fetch-image.test.ts.
 */

let service: TestService;
let open: TestService;
let server: http.Server;
let port: number;
const asked: string[] = [];
/** What the name server of an attacker says, one answer a time. */
const answers: string[][] = [];
let lookups = 0;
const resolveName: ResolveName = async (name) => {
  if (name !== 'rebound.example') throw new Error(`${name} is unknown`);
  lookups++;
  const addresses = answers.shift() ?? ['127.0.0.1'];
  return addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
};

/** Where each path sends whoever follows it. */
const redirects: Readonly<Record<string, string>> = {
  '/to-loopback': 'http://127.0.0.1/',
  '/to-decimal': 'http://2130706433/',
  '/to-mapped': 'http://[::ffff:127.0.0.1]/',
  '/to-metadata': 'http://169.254.169.254/latest/meta-data/',
  '/to-private': '//10.0.0.1/',
  '/to-file': 'file:///etc/passwd',
  '/to-data': 'data:image/png;base64,iVBORw0KGgo=',
  '/to-user': 'http://user:pass@pictures.example/',
  '/to-port': 'http://127.0.0.1:22/',
  '/to-itself': '/to-itself',
  '/to-two': '/to-metadata',
};

before(async () => {
  server = http.createServer((request, response) => {
    asked.push(request.url!);
    const location = redirects[request.url!];
    if (location) response.writeHead(302, { location }).end();
    else if (request.url === '/secret') response.end('a secret of this network');
    else if (request.url === '/endless') {
      const timer = setInterval(() => response.write(Buffer.alloc(4096)), 1);
      response.on('close', () => clearInterval(timer));
    } else if (request.url === '/drip') {
      const timer = setInterval(() => response.write('.'), 50);
      response.on('close', () => clearInterval(timer));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
  const limits = { timeoutMs: 1500, maxBytes: 100_000 };
  service = await startTestService({}, createImageFetcher({ ...limits, allowedHosts: [], resolveName }));
  open = await startTestService({}, createImageFetcher({ ...limits, allowedHosts: [`127.0.0.1:${port}`] }));
});
after(async () => {
  await service.close();
  await open.close();
  server.closeAllConnections();
  server.close();
});

async function refusal(image: string, by = service): Promise<string> {
  const inputs = by.inputs.length;
  const response = await by.post('/v2/sdxl-img2img', { prompt: 'a panda', image });
  assert.equal(response.statusCode, 400, `${image}: ${response.body}`);
  assert.equal(by.inputs.length, inputs);
  assert.doesNotMatch(response.body, /secret of this network|ECONN|root:/);
  return response.json().error;
}

const hosts = [
  // Loopback.
  ...['127.0.0.1', '127.1', '127.0.1', '127.255.255.254', '0x7f.0.0.1', '0x7f000001', '0X7F.1', '2130706433'],
  ...['017700000001', '0177.0.0.1', '0177.0x0.0.1', '127.0.0.1.', 'localhost', 'LOCALHOST', 'localhost.'],
  ...['１２７.0.0.1', '127。0。0。1', '①②⑦.⓪.⓪.①', '%31%32%37.0.0.1', '0', '0.0.0.0', '[::1]', '[::]'],
  ...['[0:0:0:0:0:0:0:1]', '[::ffff:127.0.0.1]', '[::ffff:7f00:1]', '[::127.0.0.1]', '[::7f00:1]'],
  ...['[64:ff9b::7f00:1]', '[64:ff9b:1::7f00:1]', '[2002:7f00:1::]', '[2001:0:7f00:1::]', '[100::1]'],
  // Link-local, metadata services.
  ...['169.254.169.254', '0xa9fea9fe', '2852039166', '0251.0376.0251.0376', '[::ffff:a9fe:a9fe]'],
  ...['[fe80::1]', '[fd00:ec2::254]', '[64:ff9b::a9fe:a9fe]', '192.0.0.192', '100.100.100.200'],
  // Private and special networks.
  ...['10.0.0.1', '10.1', '172.16.0.1', '172.31.255.255', '192.168.0.1', '192.168.1', '100.64.0.1'],
  ...['198.18.0.1', '192.0.2.1', '203.0.113.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
  ...['[fc00::1]', '[ff02::1]', '[2001:db8::1]', '[3fff::1]', '[fec0::1]', '[5f00::1]'],
];

for (const host of hosts)
  test(`http://${host}/ is refused`, async () => {
    // Some resolvers do not know every spelling of a name.
    for (const scheme of ['http', 'https'])
      assert.match(
        await refusal(`${scheme}://${host}/secret`),
        /^Input image not found: image ".*(is not on the public internet|is not a valid URL|could not be fetched)/,
      );
  });

for (const [address, reason] of [
  ['http://127.0.0.1:PORT/secret', /port other than 80 and 443/],
  ['http://localhost:PORT/secret', /port other than 80 and 443/],
  ['https://pictures.example:8443/a.png', /port other than 80 and 443/],
  ['http://pictures.example@127.0.0.1/secret', /user name or password/],
  ['http://127.0.0.1#@pictures.example/', /not on the public internet/],
  ['http://127.0.0.1?.pictures.example/', /not on the public internet/],
  ['http:\\\\127.0.0.1\\secret', /not on the public internet/],
  ['http:127.0.0.1/secret', /not on the public internet/],
  ['http:///127.0.0.1/secret', /not on the public internet/],
  ['  hTTp://127.0.0.1/secret\n', /not on the public internet/],
  ['ht\ntp://127.0.0.1/secret', /image must be an https URL, a data URI or base64/],
  ['http://127.0.0.1%00.pictures.example/', /not a valid URL/],
  ['http://[::1%25lo]/', /not a valid URL/],
  ['http://[::ffff:127.0.0.1', /not a valid URL/],
  ['http://', /not a valid URL/],
  ['file:///etc/passwd', /image must be an https URL, a data URI or base64/],
  ['gopher://127.0.0.1:6379/_INFO', /image must be an https URL, a data URI or base64/],
  ['unix:/run/redis.sock', /image must be an https URL, a data URI or base64/],
  ['//127.0.0.1/secret', /image must be an https URL, a data URI or base64/],
  ['/etc/passwd', /image must be a JPEG, PNG or WebP/],
  ['data:,http://127.0.0.1/', /image must be a base64 data URI/],
] as const)
  test(`${JSON.stringify(address)} is refused`, async () => {
    assert.match(await refusal(address.replace('PORT', String(port))), reason);
  });

for (const [path, reason] of [
  ['/to-loopback', /port that is not allowed/],
  ['/to-decimal', /port that is not allowed/],
  ['/to-mapped', /not on the public internet/],
  ['/to-metadata', /not on the public internet/],
  ['/to-private', /not on the public internet/],
  ['/to-file', /neither http nor https/],
  ['/to-data', /neither http nor https/],
  ['/to-user', /user name or password/],
  ['/to-port', /port that is not allowed/],
  ['/to-itself', /redirected more than 3 times/],
  ['/to-two', /not on the public internet/],
  ['/endless', /larger than 100000 bytes/],
  ['/drip', /did not arrive in time/],
  ['/silent', /did not arrive in time/],
  ['/secret', /image must be a JPEG, PNG or WebP/],
] as const)
  test(`a server that answers as ${path} is refused`, async () => {
    assert.match(await refusal(`http://127.0.0.1:${port}${path}`, open), reason);
  });

test('a name is resolved once, and is refused where any of its addresses is private, whatever it was before', async () => {
  for (const addresses of [
    ['127.0.0.1'],
    ['93.184.216.34', '127.0.0.1'],
    ['::1', '2606:2800:220:1::1'],
    ['169.254.169.254'],
    ['::ffff:10.0.0.1'],
    [],
  ]) {
    lookups = 0;
    answers.push(addresses);
    assert.match(await refusal('http://rebound.example/secret'), /not on the public internet/);
    assert.equal(lookups, 1);
  }
});

test('none of this has reached the server of this network but where it was allowed', () => {
  assert.deepEqual(
    asked.filter((url) => url === '/secret'),
    ['/secret'],
  );
});
