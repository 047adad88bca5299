import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { Redis } from 'ioredis';
import { freePort } from '../../testing/free-port.ts';
import { makeCertificates } from './tcp-redis.ts';

/** One redis-server of several on this machine. */
export interface RedisNode {
  readonly port: number;
  /** A command and its words; what it answers. */
  ask(...words: readonly (string | number)[]): Promise<unknown>;
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again with what it has kept. */
  start(): Promise<void>;
}

export interface RedisNodes {
  readonly directory: string;
  /** @param file text of its configuration file, where it has one of its own. */
  add(settings: readonly string[], file?: string): Promise<RedisNode>;
  /** Ends all of them and removes their files. */
  remove(): Promise<void>;
}

/**
 * Servers with the settings of production in folders of their own, each on a free port of 127.0.0.1.
 * @param isTls they speak TLS alone; `directory` then has what `makeCertificates` writes.
 */
export async function startRedisNodes(isTls = false): Promise<RedisNodes> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'sdxl-redis-nodes-'));
  if (isTls) makeCertificates(directory);
  const certificate = (name: string) => path.join(directory, name);
  const secured = [
    ...['--tls-auth-clients', 'no', '--tls-cluster', 'yes', '--tls-replication', 'yes'],
    ...['--tls-cert-file', certificate('server.crt'), '--tls-key-file', certificate('server.key')],
    ...['--tls-ca-cert-file', certificate('ca.crt')],
  ];
  const tls = isTls ? { ca: readFileSync(certificate('ca.crt')) } : undefined;
  const nodes: RedisNode[] = [];
  return {
    directory,
    add: async (settings, file) => {
      const port = await freePort();
      const own = path.join(directory, String(port));
      await mkdir(own);
      const listening = isTls
        ? ['--port', '0', '--tls-port', String(port), ...secured]
        : ['--port', String(port)];
      const args = [...listening, '--dir', own, '--appendonly', 'yes', '--save', ''];
      args.push('--repl-diskless-sync-delay', '0', ...settings);
      if (file !== undefined) {
        await writeFile(path.join(own, 'redis.conf'), `dir ${own}\n${file}`);
        args.splice(0, args.length, path.join(own, 'redis.conf'), ...listening, ...settings);
      }
      const node = describe(port, args, tls);
      nodes.push(node);
      await node.start();
      return node;
    },
    remove: async () => {
      await Promise.all(nodes.map((node) => node.kill()));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function describe(port: number, args: readonly string[], tls?: { readonly ca: Buffer }): RedisNode {
  let server: ChildProcess | undefined;
  const ask: RedisNode['ask'] = async (...words) => {
    const once = { lazyConnect: true, retryStrategy: () => null, enableReadyCheck: false };
    const client = new Redis({ port, host: '127.0.0.1', ...once, ...(tls && { tls }) });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await client.call(...(words.map(String) as [string, ...string[]]));
    } finally {
      client.disconnect();
    }
  };
  return {
    port,
    ask,
    kill: async (signal = 'SIGKILL') => {
      if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
      const ended = once(server, 'exit');
      server.kill('SIGCONT');
      server.kill(signal);
      await ended;
    },
    start: async () => {
      const started = spawn('redis-server', args, { stdio: 'ignore' });
      server = started;
      await until(async () => {
        if (started.exitCode !== null) throw new Error(`redis-server ended with code ${started.exitCode}`);
        return (await ask('PING').catch(() => '')) === 'PONG';
      });
    },
  };
}

/** Resolves when that is so. @throws Error after half a minute. */
export async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error('the servers do not come together');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
