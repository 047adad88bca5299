import { readdirSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import type { Connection } from '../../../src/jobs/redis/connection.ts';
import { keyOf } from '../../../src/jobs/redis/names.ts';

const megabyte = 2 ** 20;

/** What a process holds, in megabytes after full collections. */
export interface ProcessSample {
  /** V8's heap and the buffers outside. */
  readonly held: number;
  readonly rss: number;
  readonly descriptors: number;
}

export interface RedisSample {
  readonly usedMegabytes: number;
  /** Parts of that: what keys and values take, what connections do, and scripts. */
  readonly parts: Readonly<Record<'keys' | 'connections' | 'scripts', number>>;
  readonly keys: number;
  /** The one that takes the most, with its bytes and its seconds to live. */
  readonly largest: string;
  /** Those that never expire. */
  readonly lasting: readonly string[];
  /** Entries of all streams. */
  readonly streamLength: number;
}

/** Asks a process that has loaded memory-probe.ts. */
export async function sampleProcess(probes: string, pid: number): Promise<ProcessSample> {
  const connection = net.connect(path.join(probes, `${pid}.sock`));
  const said = JSON.parse(await text(connection)) as Record<'heapUsed' | 'external' | 'rss', number>;
  return {
    held: (said.heapUsed + said.external) / megabyte,
    rss: said.rss / megabyte,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
  };
}

export async function sampleRedis(redis: Connection): Promise<RedisSample> {
  // The log of slow commands keeps 128 of them with their arguments, more the busier the machine.
  await redis.slowlog('RESET');
  const memory = await redis.info('memory');
  const bytes = (field: string) => Number(new RegExp(`^${field}:(\\d+)`, 'm').exec(memory)?.[1]);
  const keys = await redis.keys('*');
  const sizes = await Promise.all(keys.map((key) => redis.memory('USAGE', key)));
  const expiries = await Promise.all(keys.map((key) => redis.ttl(key)));
  const types = await Promise.all(keys.map((key) => redis.type(key)));
  const streams = keys.filter((_, index) => types[index] === 'stream');
  const lengths = await Promise.all(streams.map((key) => redis.xlen(key)));
  const [largest] = [...keys.keys()].sort((a, b) => (sizes[b] ?? 0) - (sizes[a] ?? 0));
  return {
    usedMegabytes: bytes('used_memory') / megabyte,
    parts: {
      keys: sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0) / megabyte,
      connections: bytes('mem_clients_normal') / megabyte,
      scripts: bytes('used_memory_scripts_eval') / megabyte,
    },
    keys: keys.length,
    largest:
      largest === undefined ? 'none' : `${keys[largest]} ${sizes[largest]} bytes for ${expiries[largest]} s`,
    // TTL says -1 of a key without expiry, -2 of one that has gone meanwhile.
    lasting: keys.filter((_, index) => expiries[index] === -1),
    streamLength: lengths.reduce((sum, length) => sum + length, 0),
  };
}

/** Renewed for as long as a worker lives, and remembered for an hour by intent (withdraw.ts). */
const staying = [keyOf.worker(''), keyOf.withdrawn('')];
const isStaying = (key: string): boolean =>
  key.endsWith(':stalled-check') || staying.some((prefix) => key.startsWith(prefix));

/**
 * Waits until what expires has gone, at most that long: an input picture that nobody took stays for two
 * minutes.
 */
export async function untilExpired(redis: Connection, mostMs: number): Promise<void> {
  const until = performance.now() + mostMs;
  for (;;) {
    const keys = (await redis.keys('*')).filter((key) => !isStaying(key));
    const expiries = await Promise.all(keys.map((key) => redis.ttl(key)));
    if (!expiries.some((seconds) => seconds > 0) || performance.now() > until) return;
    await setTimeout(1000);
  }
}
