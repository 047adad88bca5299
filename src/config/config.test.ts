import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { localUrl, readConfig } from './config.ts';
import { signingFilesOf } from './signing-files.ts';
import { complaint } from './testing/complaint.ts';

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
