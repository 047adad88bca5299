import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { gatewaySettings } from '../../../src/config/gateway-settings.ts';
import type { Setting } from '../../../src/config/setting-kinds.ts';
import { settings, sharedSettings } from '../../../src/config/settings.ts';
import { workerSettings } from '../../../src/config/worker-settings.ts';
import { withTables } from './settings-tables.ts';

const read = (file: string) => readFileSync(path.resolve(import.meta.dirname, '../../..', file), 'utf8');

test('docs/configuration.md says what the tables of settings say', () => {
  const page = read('docs/configuration.md');
  assert.equal(page, withTables(page), 'run node scripts/maintainers/configuration-page.ts');
});

interface Service {
  readonly environment?: Readonly<Record<string, string | null>>;
}

const { services } = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
};
/** OpenTelemetry's own variables are read by its library. */
const environmentOf = (service: string) =>
  Object.fromEntries(
    Object.entries(services[service]?.environment ?? {}).filter(([name]) => !name.startsWith('OTEL_')),
  );
const variablesOf = (...groups: Record<string, Setting>[]) =>
  groups.flatMap((group) => Object.values(group)).map(({ variable }) => variable);

/** What a container has no use for, or what its image and its volumes decide. */
// Its Redis is its own.
const ofOthersRedis = Object.values(sharedSettings)
  .map(({ variable }) => variable)
  .filter((name) => /^REDIS_(TLS|SENTINEL)_/.test(name));
const unused: Readonly<Record<string, readonly string[]>> = {
  gateway: [
    // The image listens everywhere on 8080, and so a key is always asked for.
    ...['HOST', 'PORT', 'AUTH'],
    // `npm start` keeps its private Redis there.
    'DATA_DIR',
  ],
  // The CPU computes in float32 throughout, always the same, and takes what memory there is.
  worker: ['DEVICES', 'VAE_PRECISION', 'DETERMINISTIC', 'CUDA_GRAPHS', 'DEVICE_MEMORY_LIMIT'],
  'worker-gpu': ['DEVICE'],
};

for (const [service, table] of [
  ['gateway', gatewaySettings],
  ['worker', workerSettings],
  ['worker-gpu', workerSettings],
] as const) {
  test(`docker-compose.yml hands every setting of the ${service} to its container`, () => {
    const expected = variablesOf(sharedSettings, table).filter(
      (name) => ![...unused[service]!, ...ofOthersRedis].includes(name),
    );
    assert.deepEqual(Object.keys(environmentOf(service)).sort(), expected.sort());
  });
}

test('docker-compose.yml hands each setting on under its own name, and names no other variable', () => {
  const known = new Set(variablesOf(settings));
  for (const service of Object.keys(services))
    for (const [name, value] of Object.entries(environmentOf(service))) {
      assert.ok(known.has(name), `${service}: ${name} is no setting`);
      const source = /^\$\{(\w+):/.exec(value ?? '')?.[1];
      if (source) assert.equal(source, name, service);
    }
});

test('each variable and each sentence of the settings stands there once', () => {
  const all: Setting[] = Object.values(settings);
  for (const key of ['variable', 'sentence'] as const)
    assert.equal(new Set(all.map((setting) => setting[key])).size, all.length, key);
});
