import assert from 'node:assert/strict';
import { globSync } from 'node:fs';
import { test } from 'node:test';
import { type Floor, isWithin, violations } from './testing/floor.ts';
import { importsOf, reachedFrom, root } from './testing/imports.ts';

/**
 * Who may import whom: folder -> folders of this project, and packages from outside. A new arrow is a
 * deliberate edit here.
 */
const floors: Record<string, Floor> = {
  'src/numerics': { folders: [], packages: [] },
  'src/schedulers': { folders: ['src/numerics', 'src/contract/endpoints.ts'], packages: [] },
  'src/text': {
    folders: [],
    packages: ['@huggingface/tokenizers'],
  },
  'src/images': { folders: ['src/numerics'], packages: ['sharp'] },
  'src/onnx': { folders: [], packages: ['protobufjs'] },
  'src/checkpoints': { folders: ['src/onnx', 'src/contract/served-names.ts'], packages: [] },
  'src/graphs': { folders: ['src/onnx', 'src/checkpoints'], packages: [] },
  'src/networks': {
    folders: [
      ...['src/onnx', 'src/graphs', 'src/checkpoints', 'src/numerics'],
      ...['src/process/own-command.ts', 'src/process/package-folder.ts', 'src/process/package-root.ts'],
    ],
    // Of onnxruntime-node only the library: runtime/runtime.ts says where it lies.
    packages: ['koffi'],
  },
  'src/pipelines': {
    folders: ['src/schedulers', 'src/text', 'src/images', 'src/networks', 'src/numerics'],
    packages: [],
    tests: { folders: ['src/installation', 'src/checkpoints', 'src/contract/few-steps.ts'] },
  },
  'src/contract': {
    folders: [
      'src/schedulers/registry.ts',
      'src/schedulers/caching/cache-kinds.ts',
      'src/schedulers/samplers.ts',
      'src/schedulers/methods.ts',
      'src/schedulers/solver-options.ts',
      'src/schedulers/schedules/named-schedules.ts',
      'src/text/embedding-names.ts',
      'src/text/styles.ts',
      'src/checkpoints/configs/clip-skip.ts',
      'src/images/output-formats.ts',
      'src/numerics/random-algorithms.ts',
    ],
    packages: ['zod'],
  },
  'src/process': { folders: [], packages: ['pino'] },
  'src/metrics': { folders: [], packages: ['prom-client'] },
  'src/tracing': {
    folders: [],
    packages: [
      ...['@opentelemetry/api', '@opentelemetry/exporter-trace-otlp-http', '@opentelemetry/resources'],
      '@opentelemetry/sdk-trace',
    ],
  },
  'src/results': { folders: [], packages: ['aws4fetch'] },
  'src/jobs': {
    folders: ['src/contract', 'src/images/output-formats.ts', 'src/process', 'src/results'],
    packages: ['bullmq', 'ioredis'],
  },
  'src/gateway': {
    folders: [
      ...['src/contract', 'src/jobs', 'src/images', 'src/text', 'src/config', 'src/metrics', 'src/process'],
      ...['src/results', 'src/tracing'],
    ],
    packages: ['fastify', '@fastify/cors', '@fastify/multipart', 'undici', 'ipaddr.js', 'close-with-grace'],
    tests: {
      packages: [
        ...['ajv', 'ajv-formats', '@seriousme/openapi-schema-validator', 'fast-check', 'openai'],
        ...['playwright-core', 'sharp', 'standardwebhooks'],
      ],
    },
  },
  // What other programs and the page call the service with; it stands on nothing.
  'src/client': {
    folders: [],
    packages: [],
    tests: { folders: ['src/contract', 'src/gateway', 'src/jobs'] },
  },
  // What browsers run. The gateway serves it as files and imports nothing of it.
  'src/playground': {
    folders: ['src/client'],
    packages: ['preact', 'htm'],
    tests: {
      folders: ['src/config', 'src/contract', 'src/gateway', 'src/jobs'],
      packages: ['axe-core', 'playwright-core', 'sharp'],
    },
  },
  'src/installation': {
    folders: [
      'src/pipelines',
      'src/schedulers',
      'src/graphs',
      'src/networks',
      'src/checkpoints',
      'src/contract',
      'src/process/own-command.ts',
    ],
    packages: [],
    tests: { folders: ['src/text'] },
  },
  'src/config': {
    folders: [
      'src/contract/served-names.ts',
      'src/jobs/redis/redis-address.ts',
      'src/networks/runtime/device.ts',
      'src/numerics/random-algorithms.ts',
      'src/process',
      'src/results/results-place.ts',
    ],
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
      'src/metrics',
      'src/process',
      'src/results',
      'src/tracing',
    ],
    packages: [],
    tests: { folders: ['src/onnx'], packages: ['sharp'] },
  },
  'src/testing': { folders: [], packages: ['playwright-core'] },
  'scripts/cli': {
    folders: [
      ...[
        'src/client',
        'src/config',
        'src/contract',
        'src/jobs',
        'src/images',
        'src/text',
        'src/schedulers',
        'src/numerics',
      ],
      ...['src/checkpoints', 'src/graphs', 'src/networks', 'src/installation', 'src/process', 'workers'],
    ],
    packages: ['adm-zip', 'undici'],
    tests: { folders: ['src/gateway', 'scripts/bench/demo'], packages: ['sharp'] },
  },
  'scripts/lab': {
    folders: ['src'],
    packages: ['@blazediff/ssim'],
    tests: { packages: ['playwright-core'] },
  },
  'scripts/bench': {
    folders: ['src', 'workers', 'scripts/cli'],
    packages: ['bullmq', 'fastify', 'undici'],
  },
  'scripts/faults': { folders: ['src', 'workers'], packages: [] },
  'scripts/maintainers': {
    folders: ['src', 'workers', 'scripts/cli'],
    packages: ['sharp', 'yaml'],
    tests: { packages: ['ajv'] },
  },
};

/** What each process must never load, by its entry. */
const processes: Record<string, readonly string[]> = {
  'src/gateway/server.ts': ['onnxruntime-node', 'koffi'],
  'workers/worker.ts': ['onnxruntime-node', 'koffi', 'sharp'],
  'workers/health.ts': ['onnxruntime-node', 'koffi', 'sharp', 'bullmq', 'ioredis'],
  'workers/engine.ts': ['bullmq', 'ioredis'],
};

const files = globSync('{src,workers,scripts}/**/*.ts', { cwd: root }).filter(
  (file) => file !== 'src/floors.test.ts',
);

test('every source file, test and script stands on a floor', () => {
  const homeless = files.filter((file) => !Object.keys(floors).some((place) => isWithin(file, place)));
  assert.deepEqual(homeless, []);
});

for (const [place, floor] of Object.entries(floors)) {
  test(`${place} imports only from the floors below it, and only its tests from testing/`, () => {
    const own = files.filter((file) => isWithin(file, place));
    assert.deepEqual(
      own.flatMap((file) => violations(floor, place, file)),
      [],
    );
  });
}

test('nothing in src or workers imports scripts, tests included', () => {
  const wrong = files
    .filter((file) => !isWithin(file, 'scripts'))
    .flatMap((file) => importsOf(file).filter(({ target }) => isWithin(target, 'scripts')));
  assert.deepEqual(wrong, []);
});

for (const [entry, never] of Object.entries(processes)) {
  test(`the process of ${entry} never loads ${never.join(', ')}`, () => {
    const reached = reachedFrom(entry).packages;
    const wrong = never.flatMap((name) => reached.get(name)?.concat(name).join(' -> ') ?? []);
    assert.deepEqual(wrong, []);
  });
}

test('no file imports one that leads back to it', () => {
  const done = new Set<string>();
  const follow = (file: string, way: readonly string[]): void => {
    if (way.includes(file)) assert.fail([...way.slice(way.indexOf(file)), file].join(' -> '));
    if (done.has(file)) return;
    for (const { target, kind } of importsOf(file))
      if (kind === 'file' && target.endsWith('.ts')) follow(target, [...way, file]);
    done.add(file);
  };
  for (const file of files) follow(file, []);
});

test('the laws see a package three hops away, testing/ in production and scripts in a test', () => {
  const later = (file: string) => `const c = await import('${file}');\n`;
  const hops: Record<string, string> = {
    'src/gateway/server.ts': "import { a } from './a.ts';\nimport type { T } from 'koffi';\n",
    'src/gateway/a.ts': "export { b } from './b/b.ts';\n",
    'src/gateway/b/b.ts': later('../c.ts'),
    'src/gateway/c.ts': "import * as ort from 'onnxruntime-node';\n",
  };
  const reached = reachedFrom('src/gateway/server.ts', (file) => importsOf(file, hops[file])).packages;
  assert.deepEqual([...reached.keys()], ['onnxruntime-node']);
  assert.deepEqual(reached.get('onnxruntime-node'), Object.keys(hops));

  const support = importsOf('src/jobs/log.ts', "import { x } from './testing/queue.ts';\n");
  assert.deepEqual(violations(floors['src/jobs']!, 'src/jobs', 'src/jobs/log.ts', support), [
    'src/jobs/log.ts -> src/jobs/testing/queue.ts',
  ]);
  const script = importsOf('src/text/x.test.ts', "import '../../scripts/cli/keys.ts';\n");
  assert.deepEqual(violations(floors['src/text']!, 'src/text', 'src/text/x.test.ts', script), [
    'src/text/x.test.ts -> scripts/cli/keys.ts',
  ]);
});
