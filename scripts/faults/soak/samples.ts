import { readdirSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import type { Connection } from '../../../src/jobs/redis/connection.ts';

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
  readonly keys: number;
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
  const memory = await redis.info('memory');
  const keys = await redis.keys('*');
  const expiries = await Promise.all(keys.map((key) => redis.ttl(key)));
  const types = await Promise.all(keys.map((key) => redis.type(key)));
  const streams = keys.filter((_, index) => types[index] === 'stream');
  const lengths = await Promise.all(streams.map((key) => redis.xlen(key)));
  return {
    usedMegabytes: Number(/^used_memory:(\d+)/m.exec(memory)?.[1]) / megabyte,
    keys: keys.length,
    // TTL says -1 of a key without expiry, -2 of one that has gone meanwhile.
    lasting: keys.filter((_, index) => expiries[index] === -1),
    streamLength: lengths.reduce((sum, length) => sum + length, 0),
  };
}
