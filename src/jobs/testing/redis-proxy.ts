import { mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

/** Stands between clients and a Redis on a unix socket, and does to their connections what networks do. */
export interface RedisProxy {
  /** For `connect`: `unix:<socket>`. */
  readonly url: string;
  /** Ends every connection. */
  cut(): void;
  /**
   * The first commands for which `isMeant` reach Redis and run, but their answer does not come back: the
   * connection ends instead. Resolves when that has happened.
   * @param isMeant is given what a client writes at once, as text.
   */
  loseAnswer(isMeant: (commands: string) => boolean): Promise<void>;
  /** What is open now carries nothing more in either direction and is not ended; new connections work. */
  forsake(): void;
  /** Nothing reaches Redis until `thaw`, which lets everything through in its order. */
  freeze(): void;
  thaw(): void;
  close(): Promise<void>;
}

interface Pair {
  readonly client: net.Socket;
  readonly server: net.Socket;
  isForsaken: boolean;
  onAnswer?: () => void;
}

interface Loss {
  readonly isMeant: (commands: string) => boolean;
  readonly done: () => void;
}

/** @param redisUrl `unix:<socket>` */
export async function startRedisProxy(redisUrl: string): Promise<RedisProxy> {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'sdxl-proxy-'));
  const socket = path.join(directory, 'proxy.sock');
  const pairs = new Set<Pair>();
  let losses: Loss[] = [];
  let held: (() => void)[] | undefined;

  const end = (pair: Pair): void => {
    pairs.delete(pair);
    pair.client.destroy();
    pair.server.destroy();
  };
  const send = (pair: Pair, chunk: Buffer): void => {
    if (pair.isForsaken) return;
    const text = chunk.toString('latin1');
    const loss = losses.find(({ isMeant }) => isMeant(text));
    if (loss !== undefined) {
      losses = losses.filter((each) => each !== loss);
      pair.onAnswer = () => {
        end(pair);
        loss.done();
      };
    }
    pair.server.write(chunk);
  };
  const listener = net.createServer((client) => {
    const pair: Pair = { client, server: net.connect(redisUrl.replace(/^unix:/, '')), isForsaken: false };
    pairs.add(pair);
    client.on('data', (chunk) => {
      if (held === undefined) send(pair, chunk);
      else held.push(() => send(pair, chunk));
    });
    pair.server.on('data', (chunk) => {
      if (pair.onAnswer !== undefined) pair.onAnswer();
      else if (!pair.isForsaken) client.write(chunk);
    });
    for (const each of [client, pair.server]) {
      each.on('error', () => end(pair));
      each.on('close', () => end(pair));
    }
  });
  await new Promise<void>((resolve) => listener.listen(socket, resolve));
  return {
    url: `unix:${socket}`,
    cut: () => {
      for (const pair of pairs) end(pair);
    },
    loseAnswer: (isMeant) =>
      new Promise((resolve) => {
        losses.push({ isMeant, done: resolve });
      }),
    forsake: () => {
      for (const pair of pairs) pair.isForsaken = true;
    },
    freeze: () => {
      held ??= [];
    },
    thaw: () => {
      const waiting = held ?? [];
      held = undefined;
      for (const deliver of waiting) deliver();
    },
    close: async () => {
      for (const pair of pairs) end(pair);
      await new Promise((resolve) => listener.close(resolve));
      await rm(directory, { recursive: true, force: true });
    },
  };
}
