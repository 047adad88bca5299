import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';

/**
 * docker-compose.yml as it is read; with Docker Compose on the PATH (`docker-compose`, or as a plugin of
 * `docker`) also as that resolves it. scripts/maintainers/prove-compose-file.ts fetches one.
 */
const root = path.resolve(import.meta.dirname, '../..');
const text = readFileSync(path.join(root, 'docker-compose.yml'), 'utf8');

interface Service {
  readonly read_only?: boolean;
  readonly tmpfs?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly networks: readonly string[];
  readonly volumes: readonly string[];
  readonly ports?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: object;
  readonly build?: { readonly target: string };
  readonly stop_grace_period?: string;
}
const { services, networks, volumes } = parse(text, { merge: true }) as {
  services: Record<string, Service>;
  networks: Record<string, { readonly internal?: boolean }>;
  volumes: Record<string, unknown>;
};
const all = Object.entries(services);

test('a container may write into /tmp and its volumes alone, and gains no privileges', () => {
  assert.deepEqual(Object.keys(services).sort(), ['gateway', 'redis', 'worker', 'worker-gpu']);
  for (const [name, { read_only, tmpfs, cap_drop, security_opt, volumes: mounted }] of all) {
    assert.deepEqual(
      { read_only, tmpfs, cap_drop, security_opt },
      { read_only: true, tmpfs: ['/tmp'], cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] },
      name,
    );
    for (const mount of mounted)
      assert.ok(
        mount.endsWith(':ro') || /^(results:\/results|redis:\/data)$/.test(mount),
        `${name}: ${mount}`,
      );
  }
});

test("only the gateway can be reached, on this machine's own address unless told otherwise", () => {
  for (const [name, { ports = [] }] of all)
    assert.deepEqual(
      ports,
      name === 'gateway' ? [`\${BIND_ADDRESS:-127.0.0.1}:\${PORT:-8080}:8080`] : [],
      name,
    );
  assert.equal(networks.queue!.internal, true);
  for (const [name, service] of all)
    assert.deepEqual(service.networks, name === 'gateway' ? ['queue', 'default'] : ['queue'], name);
});

test('what is mounted, waited for and built is there', () => {
  const dockerfile = readFileSync(path.join(root, 'Dockerfile'), 'utf8');
  for (const [name, { volumes: mounted, depends_on = {}, build }] of all) {
    for (const mount of mounted)
      if (/^\w+:/.test(mount)) assert.ok(mount.split(':')[0]! in volumes, `${name}: ${mount}`);
    for (const [other, { condition }] of Object.entries(depends_on)) {
      assert.equal(condition, 'service_healthy');
      assert.ok(services[other]?.healthcheck, other);
    }
    if (build) assert.match(dockerfile, new RegExp(`^FROM .* AS ${build.target}$`, 'm'));
    // Where the checks of a service lie.
    assert.ok(services[name]!.healthcheck ?? /^HEALTHCHECK/m.test(dockerfile), name);
  }
  assert.ok(existsSync(path.join(root, 'models')));
});

test('a service has longer to stop than it takes to drain', () => {
  // workers/supervisor/worker-process.ts, src/gateway/gateway-process.ts.
  const drains = { gateway: 10, worker: 15, 'worker-gpu': 15 };
  for (const [name, seconds] of Object.entries(drains))
    assert.ok(Number.parseInt(services[name]!.stop_grace_period!, 10) > seconds, name);
});

const program = [['docker-compose'], ['docker', 'compose']].find(
  ([command, ...args]) => spawnSync(command!, [...args, 'version']).status === 0,
);
const withoutCompose = program === undefined && 'no Docker Compose on the PATH';

interface Resolved {
  readonly environment: Readonly<Record<string, string>>;
  readonly volumes: readonly { readonly source: string; readonly target: string }[];
  readonly deploy?: {
    readonly resources: {
      readonly reservations: { readonly devices: readonly { readonly count: number }[] };
    };
  };
}

function config(profile: string, env: Readonly<Record<string, string>>, file = text) {
  const [command, ...before] = program!;
  const args = [...before, '--file', '-', '--project-directory', root, '--profile', profile];
  return spawnSync(command!, [...args, 'config', '--format', 'json'], {
    input: file,
    encoding: 'utf8',
    // None of the shell's or of an .env file's.
    env: { PATH: process.env.PATH, HOME: process.env.HOME, COMPOSE_DISABLE_ENV_FILE: '1', ...env },
  });
}

test('Docker Compose takes the file with each profile, and says nothing against it', {
  skip: withoutCompose,
}, () => {
  const bare = { cpu: ['gateway', 'redis', 'worker'], gpu: ['gateway', 'redis', 'worker-gpu'] };
  for (const [profile, expected] of Object.entries(bare)) {
    const { status, stdout, stderr } = config(profile, {});
    assert.deepEqual([status, stderr], [0, '']);
    assert.deepEqual(Object.keys((JSON.parse(stdout) as { services: object }).services).sort(), expected);
  }
  assert.notEqual(config('cpu', {}, text.replace('read_only:', 'readonly:')).status, 0);
});

test('settings of the shell reach the containers, and paths become places in them', {
  skip: withoutCompose,
}, () => {
  const { stdout } = config('gpu', {
    ...{ MODELS_DIR: '/srv/models', DEVICES: 'cuda:0,cuda:1', RESULT_TTL: '1800' },
    ...{ C2PA_CERTIFICATE: '/srv/chain.pem', C2PA_KEY: '/srv/key.pem' },
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318',
  });
  const { 'worker-gpu': worker, gateway } = (JSON.parse(stdout) as { services: Record<string, Resolved> })
    .services;
  const set = { RESULT_TTL: '1800', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
  assert.deepEqual({ ...gateway!.environment, ...set }, gateway!.environment);
  const own = {
    ...{ ...set, MODELS_DIR: '/models', DEVICES: 'cuda:0,cuda:1' },
    ...{ C2PA_CERTIFICATE: '/c2pa/certificate', C2PA_KEY: '/c2pa/key', SAFETY_CHECKER: '' },
  };
  assert.deepEqual({ ...worker!.environment, ...own }, worker!.environment);
  const places = Object.fromEntries(worker!.volumes.map(({ source, target }) => [target, source]));
  assert.deepEqual(
    [places['/models'], places['/c2pa/certificate'], places['/c2pa/key']],
    ['/srv/models', '/srv/chain.pem', '/srv/key.pem'],
  );
  assert.equal(worker!.deploy!.resources.reservations.devices[0]!.count, -1);
});
