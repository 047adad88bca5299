import assert from 'node:assert/strict';
import { test } from 'node:test';
import { complaintsAbout } from './contents.ts';

for (const file of [
  ...['app/src/gateway/app.test.ts', 'app/src/testing/free-port.ts', 'app/src/text/oracles/clip.json'],
  ...['app/.env', 'app/.env.local', 'app/.npmrc', 'app/certificates/server.key', 'app/src/x.pem'],
  ...['app/.git/config', 'app/data/redis/appendonly.aof', 'app/scripts/maintainers/npm-package.ts'],
  ...['app/node_modules/typescript/package.json', 'app/node_modules/@biomejs/biome/bin/biome'],
])
  test(`${file} does not belong into an image`, () => {
    assert.equal(complaintsAbout([file]).length, 1);
  });

test('what runs belongs into it', () => {
  const files = ['app/src/gateway/app.ts', 'app/demo/demo-base/model.json', 'app/scripts/cli/keys.ts'];
  // ajv is fastify's too.
  const packages = ['app/node_modules/fastify/test/a.test.ts', 'app/node_modules/ajv/dist/core.js'];
  assert.deepEqual(complaintsAbout([...files, ...packages]), []);
});
