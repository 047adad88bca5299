import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { readConfig } from '../../src/config/config.ts';
import { createApiKey } from '../../src/jobs/keys/api-keys.ts';
import { type Connection, connect, patientOptions } from '../../src/jobs/redis/connection.ts';
import { type RedisProxy, startRedisProxy } from '../../src/jobs/testing/redis-proxy.ts';
import { type PrivateRedis, startPrivateRedis } from '../../src/jobs/testing/redis-server.ts';
import { boundToParent } from '../../src/process/bound-process.ts';
import { openResults } from '../../src/results/open-results.ts';
import type { ResultStore } from '../../src/results/result-store.ts';
import { freePort } from '../../src/testing/free-port.ts';

const credits = 1_000_000;

/** A gateway or a worker of its own process. */
export interface ServiceProcess {
  readonly pid: number;
  /** Of a gateway. */
  readonly url: string;
  /** What it has said, a line of JSON for each. */
  readonly lines: readonly string[];
  signal(signal: NodeJS.Signals): void;
  /** Ends it and waits for that. @returns its exit code; undefined where a signal ended it. */
  end(signal?: NodeJS.Signals): Promise<number | undefined>;
}

/** What is started on a Redis. */
export interface Service extends AsyncDisposable {
  /** Past every proxy. */
  readonly direct: Connection;
  /** Has credits; a picture costs one. */
  readonly key: string;
  readonly keyId: string;
  readonly foreignKey: string;
  /** Where pictures are kept if not in Redis. */
  readonly results: ResultStore | undefined;
  gateway(environment?: NodeJS.ProcessEnv): Promise<ServiceProcess>;
  /** With the fake engine, see workers/testing/generator.ts. */
  worker(environment?: NodeJS.ProcessEnv): Promise<ServiceProcess>;
  /** With the engine of production. */
  realWorker(environment: NodeJS.ProcessEnv): Promise<ServiceProcess>;
}

/** Redis with a proxy before it, and what is started on that. */
export interface FaultService extends Service {
  readonly redis: PrivateRedis;
  readonly proxy: RedisProxy;
}

/** Of the workers, in milliseconds. */
interface Locks {
  readonly durationMs: number;
  readonly stalledMs: number;
}

/**
 * @param locks those of production by default.
 * @param environment of all processes.
 */
export async function startFaultService(
  redisArguments: readonly string[] = [],
  locks?: Locks,
  environment?: NodeJS.ProcessEnv,
): Promise<FaultService> {
  const redis = await startPrivateRedis(redisArguments);
  const proxy = await startRedisProxy(redis.url);
  const service = await startService(proxy.url, locks, redis.url, environment);
  return {
    ...{ ...service, redis, proxy },
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]();
      await proxy.close();
      await redis.remove();
    },
  };
}

/**
 * @param redisUrl what REDIS_URL says to gateways and workers.
 * @param directUrl past what stands before Redis.
 * @param common environment of all processes.
 */
export async function startService(
  redisUrl: string,
  locks?: Locks,
  directUrl = redisUrl,
  common: NodeJS.ProcessEnv = {},
): Promise<Service> {
  const direct = await connect(directUrl, patientOptions(), () => undefined);
  const { key, apiKey } = await createApiKey(direct, 'faults', { credits, admin: true });
  const { key: foreignKey } = await createApiKey(direct, 'somebody else');
  const started: ServiceProcess[] = [];
  const start = async (
    file: string,
    args: readonly string[],
    environment: NodeJS.ProcessEnv,
    ready: string,
    url = '',
  ): Promise<ServiceProcess> => {
    const env = { ...process.env, REDIS_URL: redisUrl, NODE_ENV: 'production', ...common, ...environment };
    const child = spawn(
      ...boundToParent('KILL', process.execPath, [path.resolve(import.meta.dirname, file), ...args]),
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env,
      },
    );
    const running = describe(child, url);
    started.push(running);
    await said(child, running.lines, ready);
    return running;
  };
  return {
    ...{ direct, key, keyId: apiKey.id, foreignKey, results: openResults(readConfig(common)) },
    gateway: async (environment = {}) => {
      const port = await freePort();
      const file = '../../src/gateway/server.ts';
      const url = `http://127.0.0.1:${port}`;
      return await start(file, [], { PORT: String(port), ...environment }, 'gateway listening', url);
    },
    worker: (environment = {}) => {
      const times = locks ? [String(locks.durationMs), String(locks.stalledMs)] : [];
      return start('../../workers/testing/worker.ts', times, environment, 'worker takes jobs');
    },
    realWorker: (environment) => start('../../workers/worker.ts', [], environment, 'worker takes jobs'),
    [Symbol.asyncDispose]: async () => {
      await Promise.all(started.map((each) => each.end('SIGKILL')));
      direct.disconnect();
    },
  };
}

function describe(child: ChildProcess, url: string): ServiceProcess {
  const lines: string[] = [];
  let rest = '';
  child.stdout!.on('data', (chunk: Buffer) => {
    const parts = (rest + String(chunk)).split('\n');
    rest = parts.pop()!;
    lines.push(...parts);
  });
  return {
    ...{ pid: child.pid!, url, lines },
    signal: (signal) => void child.kill(signal),
    end: async (signal = 'SIGKILL') => {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = once(child, 'exit');
        child.kill('SIGCONT');
        child.kill(signal);
        await ended;
      }
      return child.exitCode ?? undefined;
    },
  };
}

async function said(child: ChildProcess, lines: readonly string[], what: string): Promise<void> {
  while (!lines.some((line) => line.includes(what))) {
    if (child.exitCode !== null)
      throw new Error(`a process ended with code ${child.exitCode} before: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
