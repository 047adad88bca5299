import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { boundToParent } from '../../process/bound-process.ts';

/** A redis-server of a test's own, on a unix socket in a fresh folder. */
export interface PrivateRedis {
  /** For `connect`: `unix:<socket>`. */
  readonly url: string;
  /**
   * Ends the server (SIGKILL by default); its append-only file stays, so that `start` finds the data again.
   */
  stop(signal?: NodeJS.Signals): Promise<void>;
  start(): Promise<void>;
  /** Stops the server and removes its folder. */
  remove(): Promise<void>;
}

/**
 * Starts `redis-server` from the PATH with the settings of production (append-only file, no eviction). For
 * tests.
 */
export async function startPrivateRedis(extraArguments: readonly string[] = []): Promise<PrivateRedis> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'sdxl-redis-'));
  const socket = path.join(directory, 'redis.sock');
  let server: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const started = spawn(
      ...boundToParent('KILL', 'redis-server', [
        ...['--port', '0', '--unixsocket', socket, '--unixsocketperm', '700', '--dir', directory],
        ...['--appendonly', 'yes', '--save', '', '--maxmemory-policy', 'noeviction'],
        ...['--auto-aof-rewrite-min-size', '256mb'],
        ...extraArguments,
      ]),
      { stdio: 'ignore' },
    );
    server = started;
    await once(started, 'spawn');
    while (!(await answers(socket))) {
      if (started.exitCode !== null) throw new Error(`redis-server ended with code ${started.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const stop = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill(signal);
    await exited;
  };
  await start();
  return {
    url: `unix:${socket}`,
    start,
    stop,
    remove: async () => {
      await stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Whether the server on this socket says PONG (it says LOADING while it reads its data). */
function answers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = net.connect(socket);
    connection.once('connect', () => connection.write('PING\r\n'));
    connection.once('data', (reply) => {
      connection.destroy();
      resolve(reply.toString().startsWith('+PONG'));
    });
    connection.once('error', () => resolve(false));
  });
}
