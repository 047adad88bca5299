import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from './config.ts';
import { complaint } from './testing/complaint.ts';

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

test('all bad variables are named at once', () => {
  const message = complaint({ PORT: 'x', DEVICE: 'tpu', AUTH: 'maybe' });
  for (const name of ['PORT="x"', 'DEVICE="tpu"', 'AUTH="maybe"']) assert.ok(message.includes(name), message);
});

test('AUTH=off is refused where other machines could reach the service', () => {
  assert.match(complaint({ AUTH: 'off', HOST: '0.0.0.0' }), /AUTH="off" with HOST="0\.0\.0\.0"/);
  for (const HOST of ['127.0.0.1', '::1', 'localhost'])
    assert.equal(readConfig({ AUTH: 'off', HOST }).auth, false);
});
