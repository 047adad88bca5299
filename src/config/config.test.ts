import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { ConfigError, localUrl, readConfig, withVariables } from './config.ts';
import { signingFilesOf } from './signing-files.ts';

const complaint = (environment: Record<string, string>): string => {
  try {
    readConfig(environment);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  assert.fail('no complaint');
};

test('an empty environment gives the documented defaults, frozen', () => {
  const config = readConfig({});
  assert.ok(Object.isFrozen(config));
  assert.deepEqual(config, {
    port: 8080,
    host: '127.0.0.1',
    dataDir: path.resolve('data'),
    modelsDir: undefined,
    serveModels: [],
    residentModels: Number.POSITIVE_INFINITY,
    loraVariants: 1,
    swapAfterSeconds: 30,
    healthFile: undefined,
    redisUrl: undefined,
    redisTlsCa: undefined,
    redisTlsCert: undefined,
    redisTlsKey: undefined,
    redisSentinelUsername: undefined,
    redisSentinelPassword: undefined,
    publicUrl: undefined,
    device: 'cpu',
    devices: undefined,
    isDeviceAutomatic: true,
    deterministic: false,
    cudaGraphs: true,
    auth: true,
    acceptBearer: false,
    authFailuresPerMinute: 120,
    creditsPerSample: 1,
    corsOrigins: [],
    trustProxy: [],
    retiredSlugs: [],
    rng: 'philox',
    deviceMemoryLimit: undefined,
    vaeTiling: 'auto',
    vaePrecision: 'float16',
    promptEmphasis: 'no-norm',
    c2paCertificate: undefined,
    c2paKey: undefined,
    promptMaxChunks: 16,
    a1111Api: true,
    embedParameters: undefined,
    img2imgMaxPixels: 1_572_864,
    refinerFallback: 'off',
    v1DeadlineSeconds: 600,
    jobDeadlineSeconds: 3600,
    resultTtlSeconds: 3600,
    metricsPort: undefined,
    metricsHost: '127.0.0.1',
    results: { kind: 'redis' },
    resultLinks: 'gateway',
    awsEndpointUrl: undefined,
    awsRegion: 'us-east-1',
    awsAccessKeyId: undefined,
    awsSecretAccessKey: undefined,
    awsSessionToken: undefined,
    imageUrlAllow: [],
    webhookSecret: undefined,
    webhookUrlAllow: [],
    contentDenyList: undefined,
    safetyChecker: undefined,
    maxConnections: 2048,
    maxConnectionsPerAddress: 1024,
    maxQueued: 1000,
    noWorkerGraceSeconds: 120,
    engineBatch: 1,
    engineThreads: 0,
    engineSilenceMinSeconds: 30,
    engineSilenceMaxSeconds: 1800,
    logLevel: 'info',
  });
});

test('an empty or blank variable counts as unset', () => {
  assert.deepEqual(readConfig({ PORT: '', MODELS_DIR: ' ', REDIS_URL: '', DEVICE: '' }), readConfig({}));
});

test('values are read in their own types and folders become absolute', () => {
  const config = readConfig({ PORT: '9', DATA_DIR: 'd', MODELS_DIR: '/m', DEVICE: 'cuda:1', AUTH: 'off' });
  assert.equal(config.port, 9);
  assert.equal(config.dataDir, path.resolve('d'));
  assert.equal(config.modelsDir, '/m');
  assert.equal(config.device, 'cuda:1');
  assert.equal(config.auth, false);
});

test('clients on this machine reach what listens everywhere at a loopback address', () => {
  assert.equal(localUrl(readConfig({ HOST: '0.0.0.0', PORT: '81' })), 'http://127.0.0.1:81');
  assert.equal(localUrl(readConfig({ HOST: '::1' })), 'http://[::1]:8080');
});

test('an engine on a GPU may be silent for less, and the least silence may not exceed the longest', () => {
  assert.equal(readConfig({ DEVICE: 'cuda:0' }).engineSilenceMaxSeconds, 600);
  assert.equal(readConfig({ ENGINE_SILENCE_MAX_SECONDS: '5000' }).engineSilenceMaxSeconds, 5000);
  assert.match(complaint({ ENGINE_SILENCE_MAX_SECONDS: '20' }), /ENGINE_SILENCE_MIN_SECONDS="30": .* 20$/);
});

test('a limit of memory is a size or a share', () => {
  const limit = (text: string) => readConfig({ DEVICE_MEMORY_LIMIT: text }).deviceMemoryLimit;
  assert.deepEqual(['12GB', '11.5GiB', '8000 MB', '80%'].map(limit), [
    { bytes: 12e9 },
    { bytes: 11.5 * 2 ** 30 },
    { bytes: 8e9 },
    { share: 0.8 },
  ]);
});

test('the public address loses its last slash', () => {
  assert.equal(
    readConfig({ PUBLIC_URL: 'https://pictures.example/sdxl/' }).publicUrl,
    'https://pictures.example/sdxl',
  );
});

for (const url of [
  ...['redis://localhost:6379', 'rediss://u:p@h:1/2', 'unix:/run/r.sock', '/run/r.sock'],
  ...['redis+sentinel://:p@a:1,b:2/primary/3', 'rediss+cluster://u:p@a:1,b:2'],
]) {
  test(`REDIS_URL may be ${url}`, () => {
    assert.equal(readConfig({ REDIS_URL: url }).redisUrl, url);
  });
}

const bad: [name: string, value: string, allowed: RegExp][] = [
  ['PORT', '0', /a whole number from 1 to 65535/],
  ['PORT', '80 80', /a whole number/],
  ['PORT', '65536', /a whole number/],
  ['PORT', '8e3', /a whole number/],
  ['REDIS_URL', 'http://localhost', /redis:\/\/host:port/],
  ['REDIS_URL', 'redis+sentinel://a:1,b:2', /redis\+sentinel:\/\/host:port,host:port\/master-name/],
  ['REDIS_URL', 'redis+cluster://a:1,b:x', /redis\+cluster:\/\/host:port,host:port/],
  ['REDIS_URL', 'redis+cluster://a:1/2', /a Redis Cluster has database 0 alone/],
  ['PUBLIC_URL', 'localhost:8080', /http:\/\/ or https:\/\//],
  ['PUBLIC_URL', 'https://pictures.example/#x', /fragment/],
  ['PUBLIC_URL', 'https://pictures.example#', /fragment/],
  ['PUBLIC_URL', 'https://pictures.example/?', /query/],
  ['PUBLIC_URL', 'https://pictures.example/?a=b', /query/],
  ['SERVE_MODELS', 'sdxl-base,my model', /a served name such as/],
  ['RESIDENT_MODELS', '0', /a whole number from 1 to 64/],
  ['RESIDENT_MODELS', 'all', /a whole number from 1 to 64/],
  ['SWAP_AFTER_SECONDS', '-5', /a whole number from 0 to 3600/],
  ['DEVICE_MEMORY_LIMIT', '12', /12GB, 11\.5GiB or 8000MB, or a share such as 80%/],
  ['DEVICE_MEMORY_LIMIT', '0GB', /a size such as/],
  ['DEVICE_MEMORY_LIMIT', '101%', /a share such as/],
  ['VAE_TILING', 'yes', /auto or on or off/],
  ['DEVICE', 'cuda', /cpu, webgpu or cuda:N/],
  ['DEVICE', 'CPU', /cpu, webgpu or cuda:N/],
  ['DEVICES', 'auto', /all, or a list such as cuda:0,cuda:1/],
  ['DEVICES', 'cuda:0,tpu', /all, or a list/],
  ['DEVICES', 'cuda:0,all', /all, or a list/],
  ['DEVICES', 'cuda:0,', /all, or a list/],
  ['DEVICES', 'cuda:1, cuda:01', /names each device once/],
  ['DEVICES', 'cpu,cpu', /names each device once/],
  ['RESULTS', 'disk', /redis, dir:PATH or s3:\/\/bucket\/prefix/],
  ['RESULTS', 'dir:', /dir:PATH/],
  ['RESULTS', 's3://', /bucket/],
  ['RESULTS', 's3://Bucket', /bucket/],
  ['RESULTS', 's3://a..b', /bucket/],
  ['RESULTS', 's3://192.168.0.1', /bucket/],
  ['RESULTS', 's3://bucket/../other', /bucket/],
  ['RESULTS', 's3://bucket//deep', /bucket/],
  ['RESULTS', 's3://bucket/a b', /bucket/],
  ['AWS_ENDPOINT_URL', 'minio:9000', /http:\/\/ or https:\/\//],
  ['AWS_REGION', 'eu central', /a region such as/],
  ['RESULT_LINKS', 'on', /gateway or signed/],
  ['AUTH', 'no', /on or off/],
  ['RNG', 'mt19937', /philox or torch-cpu/],
  ['PROMPT_MAX_CHUNKS', '-1', /a whole number from 1/],
  ['LOG_LEVEL', 'verbose', /trace or debug or info/],
  ['CREDITS_PER_SAMPLE', '-1', /a number from 0 to 1000000/],
  ['CREDITS_PER_SAMPLE', '0.0000001', /at most 6 decimals/],
  ['CORS_ORIGINS', 'pages.example', /an origin such as/],
  ['CORS_ORIGINS', 'https://pages.example/', /an origin such as/],
  ['TRUST_PROXY', 'on', /a range such as/],
  ['TRUST_PROXY', '10.0.0.0/33', /a range such as/],
  ['TRUST_PROXY', '10.0.0', /a range such as/],
  ['RETIRED_SLUGS', 'a/b', /a name such as/],
];
for (const [name, value, allowed] of bad) {
  test(`${name}=${value} is refused by name, value and what is allowed`, () => {
    const message = complaint({ [name]: value });
    assert.ok(message.includes(`${name}=${JSON.stringify(value)}: must be `), message);
    assert.match(message, allowed);
  });
}

test('what a worker serves and keeps loaded is read; on a GPU two checkpoints stay unless told otherwise', () => {
  const own = { SERVE_MODELS: 'sdxl-base, realvis', RESIDENT_MODELS: '3', HEALTH_FILE: 'health' };
  const config = readConfig(own);
  assert.deepEqual(config.serveModels, ['sdxl-base', 'realvis']);
  assert.equal(config.residentModels, 3);
  assert.equal(config.healthFile, path.resolve('health'));
  assert.equal(readConfig({ DEVICE: 'cuda:0' }).residentModels, 2);
});

test('several devices stand in DEVICES, whose first one decides what depends on the device, and DEVICE is then unset', () => {
  const config = readConfig({ DEVICES: 'cuda:1, cpu' });
  assert.deepEqual([config.devices, config.device], [['cuda:1', 'cpu'], 'cuda:1']);
  assert.deepEqual([config.isDeviceAutomatic, config.residentModels], [false, 2]);
  assert.equal(readConfig({ DEVICES: 'all' }).devices, 'all');
  for (const DEVICE of ['auto', 'cuda:0'])
    assert.equal(
      complaint({ DEVICES: 'all', DEVICE }),
      `Bad configuration:\n  DEVICE="${DEVICE}": DEVICES is set too; one of them must go`,
    );
});

test('results go to a folder or a bucket, and a bucket needs credentials', () => {
  assert.deepEqual(readConfig({ RESULTS: 'dir:pictures' }).results, {
    ...{ kind: 'dir', folder: path.resolve('pictures') },
  });
  const keys = { AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'hidden/secret' };
  const results = (RESULTS: string) => readConfig({ RESULTS, ...keys }).results;
  assert.deepEqual(results('s3://pictures'), { kind: 's3', bucket: 'pictures', prefix: '' });
  assert.deepEqual(results('s3://my.pictures/a/b.c/'), {
    kind: 's3',
    bucket: 'my.pictures',
    prefix: 'a/b.c',
  });
  assert.match(
    complaint({ RESULTS: 's3://pictures/x', AWS_ACCESS_KEY_ID: 'id' }),
    /RESULTS="s3:\/\/pictures\/\.\.\.": AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must be set/,
  );
  assert.match(complaint({ RESULT_LINKS: 'signed', RESULTS: 'dir:x' }), /RESULT_LINKS="signed": only where/);
  assert.doesNotMatch(complaint({ AWS_SECRET_ACCESS_KEY: 'hidden secret' }), /hidden/);
  assert.doesNotMatch(complaint({ AWS_SESSION_TOKEN: 'hidden token' }), /hidden/);
});

test('all bad variables are named at once', () => {
  const message = complaint({ PORT: 'x', DEVICE: 'tpu', AUTH: 'maybe' });
  for (const name of ['PORT="x"', 'DEVICE="tpu"', 'AUTH="maybe"']) assert.ok(message.includes(name), message);
});

test('a complaint about REDIS_URL does not show its password', () => {
  const message = complaint({ REDIS_URL: 'http://user:secret@host' });
  assert.ok(!message.includes('secret'), message);
});

test('AUTH=off is refused where other machines could reach the service', () => {
  assert.match(complaint({ AUTH: 'off', HOST: '0.0.0.0' }), /AUTH="off" with HOST="0\.0\.0\.0"/);
  for (const HOST of ['127.0.0.1', '::1', 'localhost'])
    assert.equal(readConfig({ AUTH: 'off', HOST }).auth, false);
});

test('PUBLIC_URL with a user name or password is refused without repeating them', () => {
  for (const userinfo of ['user:pw@', 'user@', ':pw@'])
    assert.throws(
      () => readConfig({ PUBLIC_URL: `https://${userinfo}pictures.example` }),
      ({ message }: Error) => /PUBLIC_URL=.*without user name/.test(message) && !message.includes(userinfo),
    );
});

test('the allow lists take a host with any port, also the two of http and https', () => {
  for (const variable of ['IMAGE_URL_ALLOW', 'WEBHOOK_URL_ALLOW'])
    for (const text of [
      'bucket',
      'bucket:80',
      'bucket:443',
      'bucket:9000',
      '10.0.0.5:443',
      '[::1]:443',
      '[::1]:80',
    ])
      assert.ok(
        Object.values(readConfig({ [variable]: text })).some((value) => String(value) === text),
        text,
      );
});

test('IMAGE_URL_ALLOW is a list of hosts, and one that is no host is refused', () => {
  assert.deepEqual(readConfig({ IMAGE_URL_ALLOW: 'minio:9000, 10.0.0.5:8080' }).imageUrlAllow, [
    'minio:9000',
    '10.0.0.5:8080',
  ]);
  for (const wrong of ['http://minio:9000', 'minio:9000/bucket', 'a b', 'MINIO:9000'])
    assert.throws(() => readConfig({ IMAGE_URL_ALLOW: wrong }), /IMAGE_URL_ALLOW=.*host:port/);
});

test('prices, origins, proxies and names are read as numbers and lists', () => {
  const config = readConfig({
    CREDITS_PER_SAMPLE: '0.25',
    CORS_ORIGINS: 'https://pages.example, http://localhost:3000',
    TRUST_PROXY: 'loopback,10.0.0.0/8, 2001:db8::/32,192.0.2.1',
    RETIRED_SLUGS: 'sdxl1.0-img2img',
  });
  assert.equal(config.creditsPerSample, 0.25);
  assert.deepEqual(config.corsOrigins, ['https://pages.example', 'http://localhost:3000']);
  assert.deepEqual(config.trustProxy, ['loopback', '10.0.0.0/8', '2001:db8::/32', '192.0.2.1']);
  assert.deepEqual(config.retiredSlugs, ['sdxl1.0-img2img']);
  assert.deepEqual(readConfig({ CORS_ORIGINS: '*' }).corsOrigins, ['*']);
});

test('WEBHOOK_SECRET has the form of Standard Webhooks, and a wrong one is not repeated', () => {
  const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
  assert.equal(readConfig({ WEBHOOK_SECRET: secret }).webhookSecret, secret);
  for (const wrong of ['hunter2', 'whsec_aHVudGVyMg==', secret.slice('whsec_'.length)])
    assert.throws(() => readConfig({ WEBHOOK_SECRET: wrong }), {
      message: /WEBHOOK_SECRET="\*\*\*": must be whsec_ and/,
    });
});

test('pictures are signed with certificate and key, and neither alone is taken', () => {
  const own = (environment: Record<string, string>) => signingFilesOf(readConfig(environment));
  assert.equal(own({}), undefined);
  assert.deepEqual(own({ C2PA_CERTIFICATE: '/c.pem', C2PA_KEY: '/k.pem' }), {
    certificate: '/c.pem',
    key: '/k.pem',
  });
  for (const set of ['C2PA_CERTIFICATE', 'C2PA_KEY'])
    assert.throws(() => readConfig({ [set]: '/c.pem' }), /C2PA_CERTIFICATE and C2PA_KEY: both or neither/);
});

test('the paths of the content policy are made absolute', () => {
  const { contentDenyList, safetyChecker } = readConfig({
    CONTENT_DENY_LIST: 'deny.txt',
    SAFETY_CHECKER: '/safe',
  });
  assert.deepEqual([contentDenyList, safetyChecker], [path.resolve('deny.txt'), '/safe']);
});

for (const [variable, value] of [
  ['REDIS_URL', 'redis//:p@ss-word@127.0.0.1:1'],
  ['REDIS_URL', 'http://:p@ss-word@127.0.0.1:1'],
  ['REDIS_URL', 'http://127.0.0.1:1?password=ss-word'],
  ['REDIS_URL', 'http://user:a/ss-word@h'],
  ['REDIS_URL', 'redis+sentinel://user:ss-word@h:1,h:2'],
  ['REDIS_URL', 'redis+cluster://:ss-word@h:1,:p@ss-word@h:x'],
  ['REDIS_URL', 'redis+cluster://:p@ss-word@h:1/5'],
  ['PUBLIC_URL', 'https://user:ss-word@pictures.example'],
  ['PUBLIC_URL', 'https://pictures.example/?token=ss-word'],
  ['CORS_ORIGINS', 'https://user:ss-word@pictures.example'],
  ['IMAGE_URL_ALLOW', 'http://user:ss-word@minio:9000'],
] as const)
  test(`what is secret in a refused ${variable} is not repeated: ${value}`, () => {
    assert.doesNotMatch(complaint({ [variable]: value }), /ss-word/);
  });

test('a value may stand in a file, as secrets of Docker and Kubernetes do', (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'config-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = path.join(folder, 'redis-url');
  writeFileSync(file, 'redis://:hidden@redis:6379\n');
  assert.equal(readConfig({ REDIS_URL_FILE: file }).redisUrl, 'redis://:hidden@redis:6379');
  assert.match(
    complaint({ REDIS_URL_FILE: file, REDIS_URL: 'redis://other' }),
    /REDIS_URL_FILE=".*redis-url": REDIS_URL is set too/,
  );
  assert.match(complaint({ PORT_FILE: path.join(folder, 'none') }), /PORT_FILE=".*none": cannot be read/);

  writeFileSync(file, 'hidden');
  const message = complaint({ WEBHOOK_SECRET_FILE: file });
  assert.match(message, /WEBHOOK_SECRET/);
  assert.doesNotMatch(message, /hidden/);
});

test('a child process is given what counts, whatever files its parent was given', () => {
  const env = withVariables({ REDIS_URL_FILE: '/run/secrets/redis' }, { REDIS_URL: 'redis://private' });
  assert.equal(readConfig(env as Record<string, string>).redisUrl, 'redis://private');
});
