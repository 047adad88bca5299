import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { gatewaySettings } from '../../../src/config/gateway-settings.ts';
import type { Setting } from '../../../src/config/setting-kinds.ts';
import { sharedSettings } from '../../../src/config/settings.ts';
import { workerSettings } from '../../../src/config/worker-settings.ts';
import { version } from '../../../src/process/software.ts';
import { cases, helm, type Manifest, render } from './render.ts';

const chart = path.resolve(import.meta.dirname, '../../../deploy/helm');
const read = (file: string) => readFileSync(path.join(chart, file), 'utf8');
const values = parse(read('values.yaml')) as Record<string, unknown>;
const schema = JSON.parse(read('values.schema.json')) as {
  properties: { existingSecretKeys: { items: { enum: string[] } } };
  definitions: Record<string, { propertyNames: { anyOf: [{ enum: string[] }] } }>;
};

test('the values that the chart comes with are what its schema allows, and a typo is not', () => {
  const validate = new Ajv({ strict: false }).compile(schema);
  assert.ok(validate(values), JSON.stringify(validate.errors));
  assert.ok(!validate({ ...values, replica: 2 }));
  assert.ok(!validate({ ...values, workers: [{ name: 'a', gpu: 1 }] }));
});

/** What the chart itself decides. */
const ofChart = [
  ...['DATA_DIR', 'HOST', 'PORT', 'AUTH', 'METRICS_PORT', 'METRICS_HOST', 'DEVICE', 'DEVICES'],
  ...['HEALTH_FILE', 'MODELS_DIR'],
];
const variablesOf = (...tables: Record<string, Setting>[]) =>
  tables
    .flatMap((table) => Object.values(table).map(({ variable }) => variable))
    .filter((name) => !ofChart.includes(name))
    .sort();

test('every setting can be given to the processes that read it, and nothing that is none', () => {
  const named = (kind: string) => schema.definitions[kind]!.propertyNames.anyOf[0].enum;
  const all = variablesOf(sharedSettings, gatewaySettings, workerSettings);
  assert.deepEqual(named('settings'), all);
  assert.deepEqual(named('gatewaySettings'), variablesOf(sharedSettings, gatewaySettings));
  assert.deepEqual(named('workerSettings'), variablesOf(sharedSettings, workerSettings));
  assert.deepEqual(schema.properties.existingSecretKeys.items.enum, all);
});

test('the chart is of the same version as the software', () => {
  const { appVersion } = parse(read('Chart.yaml')) as { appVersion: string };
  assert.equal(appVersion, version);
});

test('every value that a template asks for is in values.yaml', () => {
  const asked = globSync('templates/*', { cwd: chart }).flatMap((file) =>
    [...read(file).matchAll(/(?:\.Values|\$v)((?:\.[A-Za-z]\w*)+)/g)].map(([, dotted]) => dotted!.slice(1)),
  );
  assert.ok(new Set(asked).size > 30);
  for (const dotted of asked) {
    if (dotted.startsWith('settings.')) continue;
    const found = dotted
      .split('.')
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], values);
    assert.notEqual(found, undefined, dotted);
  }
});

const withoutHelm = spawnSync('helm', ['version']).error && 'no helm on the PATH';

interface Container {
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly startupProbe: { readonly periodSeconds: number; readonly failureThreshold: number };
  readonly resources: { readonly limits?: Readonly<Record<string, unknown>> };
  readonly image: string;
}
interface Pod {
  readonly containers: readonly [Container];
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Readonly<Record<string, unknown>>;
}
const podOf = ({ spec }: Manifest) => (spec.template as { spec: Pod }).spec;
const environment = (manifest: Manifest) =>
  Object.fromEntries(podOf(manifest).containers[0].env.map(({ name, value }) => [name, value]));
const find = (manifests: readonly Manifest[], kind: string, name: string) =>
  manifests.find((each) => each.kind === kind && each.metadata.name === `release-sdxl-server-${name}`)!;

test('helm lint finds nothing in any case', { skip: withoutHelm }, () => {
  for (const [name, given] of Object.entries(cases)) {
    const { status, stdout, stderr } = helm(['lint', '--strict'], given);
    assert.equal(status, 0, `${name}: ${stdout}${stderr}`);
  }
});

test('pods may write nothing but their volumes, are not root, and have time to drain', {
  skip: withoutHelm,
}, () => {
  for (const given of Object.values(cases))
    for (const manifest of render(given).filter(({ kind }) => /^(Deployment|StatefulSet)$/.test(kind))) {
      const pod = podOf(manifest);
      assert.equal(pod.securityContext.runAsNonRoot, true);
      const { readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities } =
        pod.containers[0].securityContext;
      assert.deepEqual(
        [readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities],
        [true, false, { drop: ['ALL'] }],
      );
      // A worker drains for 15 s, a gateway for 10 behind the 5 in which it is taken out of the service.
      assert.ok(pod.terminationGracePeriodSeconds >= 20);
    }
});

test('a pool is a Deployment with its own GPUs, settings and time to load', { skip: withoutHelm }, () => {
  const manifests = render(cases['two pools, volumes, KEDA and monitors']!);
  const cpu = find(manifests, 'Deployment', 'worker-cpu');
  const gpu = find(manifests, 'Deployment', 'worker-h100');
  assert.deepEqual(environment(gpu), {
    ...{ DATA_DIR: '/tmp', DEVICES: 'all', HEALTH_FILE: '/tmp/worker-health', MODELS_DIR: '/models' },
    ...{ METRICS_HOST: '0.0.0.0', METRICS_PORT: '9464', RESULTS: 'dir:/results', RESULT_TTL: '1800' },
    REDIS_URL: 'redis://release-sdxl-server-redis:6379',
  });
  assert.equal(environment(cpu).DEVICE, 'cpu');
  assert.equal(environment(cpu).DEVICES, undefined);
  assert.equal(environment(cpu).SERVE_MODELS, 'juggernaut');
  const [container] = podOf(gpu).containers;
  assert.deepEqual(container.resources.limits, { memory: '32Gi', 'nvidia.com/gpu': 2 });
  assert.match(container.image, /-worker-cuda:0\.1\.0$/);
  assert.match(podOf(cpu).containers[0].image, /-worker:0\.1\.0$/);
  const { periodSeconds, failureThreshold } = container.startupProbe;
  assert.equal(periodSeconds * failureThreshold, 1200);
});

test('KEDA scales each pool on the wait in the queue, and Kubernetes leaves them alone', {
  skip: withoutHelm,
}, () => {
  const manifests = render(cases['two pools, volumes, KEDA and monitors']!);
  for (const pool of ['worker-cpu', 'worker-h100']) {
    const scaled = find(manifests, 'ScaledObject', pool);
    const [trigger] = scaled.spec.triggers as [{ type: string; metadata: Record<string, string> }];
    assert.equal(trigger.type, 'prometheus');
    assert.match(trigger.metadata.query!, /sdxl_queue_longest_wait_seconds/);
    assert.equal('replicas' in find(manifests, 'Deployment', pool).spec, false);
  }
  assert.ok(!manifests.some(({ kind }) => kind === 'HorizontalPodAutoscaler'));
});

test('secrets come as files, and a Redis of one owns takes the place of ours', { skip: withoutHelm }, () => {
  const manifests = render(cases['a Redis of its own, secrets, autoscaling, no metrics']!);
  const gateway = find(manifests, 'Deployment', 'gateway');
  assert.deepEqual(environment(gateway), {
    REDIS_URL_FILE: '/run/secrets/sdxl-server/REDIS_URL',
    WEBHOOK_SECRET_FILE: '/run/secrets/sdxl-server/WEBHOOK_SECRET',
  });
  assert.ok(!manifests.some(({ kind }) => kind === 'StatefulSet'));
  assert.ok(find(manifests, 'HorizontalPodAutoscaler', 'worker-default'));
});

for (const [given, told] of [
  [
    { keda: { enabled: true }, autoscaling: { enabled: true } },
    /keda\.enabled and autoscaling\.enabled both/,
  ],
  [{ keda: { enabled: true } }, /needs keda\.prometheusAddress/],
  [{ serviceMonitor: { enabled: true }, metrics: { enabled: false } }, /need metrics\.enabled/],
  [{ redis: { enabled: false } }, /redis\.enabled is false: say which Redis/],
  [{ settings: { REDIS_URL: 'redis://a' } }, /set redis\.enabled to false/],
  [{ existingSecret: 'a' }, /existingSecretKeys is empty/],
  [{ existingSecretKeys: ['REDIS_URL'] }, /existingSecret is not/],
  [{ settings: { RESULTS: 'dir:/tmp' } }, /persistence\.results\.enabled instead/],
  [{ workers: [{ name: 'a' }, { name: 'a' }] }, /two pools are called "a"/],
  [{ gateway: { settings: { PORT: '80' } } }, /propertyName 'PORT'/],
  [{ workers: [{ name: 'a', gpu: 1 }] }, /'gpu' not allowed/],
] as const)
  test(`helm refuses ${JSON.stringify(given)} with the reason`, { skip: withoutHelm }, () => {
    const { status, stderr } = helm(['template', 'release'], given);
    assert.notEqual(status, 0);
    assert.match(stderr, told);
  });
