import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { boundToParent } from '../../../../src/process/bound-process.ts';
import { freePort } from '../../../../src/testing/free-port.ts';

/**
 * The OpenTelemetry Collector as a process of its own, with its receiver for OTLP over HTTP and its exporter
 * `otlphttp`, which hands on to an address what it has received.
 */
export async function startOtelcol(
  program: string,
  exportTo: string,
): Promise<{ readonly url: string; close(): void }> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const folder = mkdtempSync(path.join(tmpdir(), 'otelcol-'));
  const file = path.join(folder, 'config.yaml');
  const config = {
    receivers: { otlp: { protocols: { http: { endpoint: new URL(url).host } } } },
    exporters: {
      otlphttp: {
        endpoint: exportTo,
        encoding: 'json',
        compression: 'none',
        sending_queue: { enabled: false },
      },
    },
    service: {
      telemetry: { metrics: { level: 'none' }, logs: { level: 'error' } },
      pipelines: { traces: { receivers: ['otlp'], exporters: ['otlphttp'] } },
    },
  };
  // JSON is YAML.
  writeFileSync(file, JSON.stringify(config));
  const child = spawn(...boundToParent('KILL', program, ['--config', file]), {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const send = () =>
    fetch(`${url}/v1/traces`, {
      ...{ method: 'POST', body: '{"resourceSpans":[]}' },
      headers: { 'content-type': 'application/json' },
    }).catch(() => undefined);
  while ((await send())?.status !== 200) {
    if (child.exitCode !== null) throw new Error(`${program} ended with code ${child.exitCode}`);
    await setTimeout(50);
  }
  return {
    url,
    close: () => {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true });
    },
  };
}
