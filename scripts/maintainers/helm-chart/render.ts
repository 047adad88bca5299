import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { parseAllDocuments } from 'yaml';

const chart = path.resolve(import.meta.dirname, '../../../deploy/helm');

/** Values that together use every branch of the templates. */
export const cases: Readonly<Record<string, object>> = {
  'values as they are': {},
  'two pools, volumes, KEDA and monitors': {
    workers: [
      { name: 'cpu', gpus: 0, settings: { SERVE_MODELS: 'juggernaut' } },
      {
        ...{ name: 'h100', gpus: 2, replicas: 3, runtimeClassName: 'nvidia' },
        nodeSelector: { 'nvidia.com/gpu.product': 'H100' },
        tolerations: [{ key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' }],
        ...{ resources: { limits: { memory: '32Gi' } }, startupSeconds: 1200 },
      },
    ],
    keda: { enabled: true, prometheusAddress: 'http://prometheus:9090' },
    serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
    persistence: { models: { enabled: true }, results: { enabled: true, storageClass: 'nfs' } },
    settings: { RESULT_TTL: 1800 },
    gateway: {
      settings: { CREDITS_PER_SAMPLE: 0.5, OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' },
      ingress: {
        enabled: true,
        className: 'nginx',
        hosts: ['pictures.example'],
        tls: [{ hosts: ['pictures.example'] }],
      },
    },
  },
  'a Redis of its own, secrets, autoscaling, no metrics': {
    redis: { enabled: false },
    existingSecret: 'sdxl',
    existingSecretKeys: ['REDIS_URL', 'WEBHOOK_SECRET'],
    autoscaling: { enabled: true },
    metrics: { enabled: false },
    podDisruptionBudget: { enabled: false },
    persistence: { models: { enabled: true, existingClaim: 'checkpoints' } },
    imagePullSecrets: [{ name: 'registry' }],
  },
};

/** One manifest of what helm renders. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** helm with the chart behind its arguments and values on its standard input. */
export function helm(
  args: readonly string[],
  values: object,
): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('helm', [...args, chart, '--values', '-'], {
    input: JSON.stringify(values),
    encoding: 'utf8',
  });
}

/** What the chart becomes with these values. @throws Error with what helm says against them. */
export function render(values: object): Manifest[] {
  const { status, stdout, stderr } = helm(['template', 'release'], values);
  if (status !== 0) throw new Error(stderr);
  return parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
}
