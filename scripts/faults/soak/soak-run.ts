import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { enginesOf } from '../rows/one-fault.ts';
import { type ServiceProcess, startFaultService } from '../service.ts';
import { startLoad } from './load.ts';
import { type ProcessSample, type RedisSample, sampleProcess, sampleRedis, untilExpired } from './samples.ts';
import type { SoakKind } from './soak-kinds.ts';

export interface SoakOptions {
  readonly kind: SoakKind;
  /** When the load has been enough: after so many minutes and pictures. */
  readonly minutes: number;
  readonly pictures: number;
  readonly perSecond: number;
  readonly say: (line: string) => void;
}

export interface SoakSample {
  /** Since the load began. */
  readonly minutes: number;
  readonly processes: Readonly<Record<string, ProcessSample>>;
  readonly redis: RedisSample;
  /** Milliseconds from submit to picture, of those that ended since the sample before. */
  readonly latencies: readonly number[];
}

/** With nothing to do, and everything expired. */
export interface Rest {
  readonly redis: RedisSample;
  readonly processes: Readonly<Record<string, ProcessSample>>;
}

export interface SoakResult {
  readonly samples: readonly SoakSample[];
  readonly before: Rest;
  readonly after: Rest;
  readonly ended: number;
  readonly skipped: number;
  readonly late: number;
  readonly failures: readonly string[];
}

/** Results expire during the soak; no other lifetime would show what stays behind. */
const resultSeconds = 30;
/** The gateway keeps idle connections for 72 s; until then they have descriptors. */
const expiryMs = resultSeconds * 1000 + 50_000;
const sampleMs = 10_000;
const warmUpMs = 10_000;
/** Enough to say that it is broken. */
const mostFailures = 20;
const probe = path.join(import.meta.dirname, 'memory-probe.ts');

/** Steady load on one gateway and one worker, looked at from outside. */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const { kind, minutes, pictures, perSecond, say } = options;
  const probes = await mkdtemp(path.join(os.tmpdir(), 'soak-'));
  const environment = {
    NODE_OPTIONS: `--expose-gc --import ${probe}`,
    PROBE_DIR: probes,
    RESULT_TTL: String(resultSeconds),
  };
  // 20 MB a second would be written to disk for nothing: what is looked at is memory.
  await using service = await startFaultService(['--appendonly', 'no']);
  const gateway = await service.gateway(environment);
  const worker = await kind.startWorker(service, environment);
  const begin = () => startLoad(gateway.url, service.key, { ...kind.load, perSecond });
  try {
    // Scripts, streams and connections that stay are there afterwards.
    const warmUp = await begin();
    await setTimeout(warmUpMs);
    await warmUp.stop();
    const atRest = async (): Promise<Rest> => {
      await setTimeout(expiryMs);
      await untilExpired(service.direct, expiryMs);
      const redis = await sampleRedis(service.direct);
      return { redis, processes: await sampleAll(gateway, worker, probes) };
    };
    const before = await atRest();
    const load = await begin();
    const began = performance.now();
    const samples: SoakSample[] = [];
    const isOver = () => performance.now() - began >= minutes * 60_000 && load.ended() >= pictures;
    while (!isOver() && load.failures.length < mostFailures) {
      await setTimeout(sampleMs);
      const sample = {
        minutes: (performance.now() - began) / 60_000,
        processes: await sampleAll(gateway, worker, probes),
        redis: await sampleRedis(service.direct),
        latencies: load.latencies(),
      };
      samples.push(sample);
      say(lineOf(sample));
    }
    await load.stop();
    const after = await atRest();
    const { failures } = load;
    const counts = { ended: load.ended(), skipped: load.skipped(), late: load.late() };
    return { samples, before, after, failures, ...counts };
  } finally {
    await rm(probes, { recursive: true, force: true });
  }
}

async function sampleAll(
  gateway: ServiceProcess,
  worker: ServiceProcess,
  probes: string,
): Promise<Record<string, ProcessSample>> {
  return {
    gateway: await sampleProcess(probes, gateway.pid),
    worker: await sampleProcess(probes, worker.pid),
    engine: await sampleProcess(probes, enginesOf(worker)[0]!),
  };
}

function lineOf({ minutes, processes, redis, latencies }: SoakSample): string {
  const held = Object.entries(processes).map(
    ([name, { held, rss, descriptors }]) =>
      `${name} ${held.toFixed(1)} MB held, ${rss.toFixed(0)} RSS, ${descriptors} fds`,
  );
  const sorted = [...latencies].sort((a, b) => a - b);
  const p50 = sorted[sorted.length >> 1]?.toFixed(0);
  return (
    `${minutes.toFixed(1)} min: ${held.join('; ')}; Redis ${redis.usedMegabytes.toFixed(1)} MB, ` +
    `${redis.keys} keys, ${redis.streamLength} in streams; ${latencies.length} pictures, p50 ${p50} ms`
  );
}
