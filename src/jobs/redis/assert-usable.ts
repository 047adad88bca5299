import type { Redis } from 'ioredis';
import { watchedBy } from './ask-for-master.ts';
import { parseTopology } from './redis-address.ts';
import { RedisTrouble } from './redis-trouble.ts';

/**
 * That the queue can live in this Redis: one server of its own that takes writes, and the database that
 * REDIS_URL names.
 * @throws RedisTrouble naming what it is instead.
 */
export async function assertUsable(redis: Redis, url: string): Promise<void> {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new RedisTrouble(url, { reason, isLasting: true }, cause);
  };
  // A server that hides INFO (an ACL user, a hosted one) is taken at its word.
  const info = await redis.info().catch(() => '');
  const field = (name: string): string | undefined => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  // Valkey has a name of its own for it.
  const mode = field('redis_mode') ?? field('server_mode');
  const kind = parseTopology(url)?.kind;
  const place = `${redis.options.host}:${redis.options.port}`;
  if (mode === 'sentinel')
    refuse(
      `is a Sentinel: ${schemeOf(url)}+sentinel://${place}/NAME of the master (${await watchedBy(redis)})`,
    );
  if (kind !== 'cluster' && (mode === 'cluster' || field('cluster_enabled') === '1'))
    refuse(`is a node of a Redis Cluster: ${schemeOf(url)}+cluster://${place}`);
  if (field('role') === 'slave')
    refuse(
      `is a replica of ${field('master_host')}:${field('master_port')}: name the server that takes the writes`,
    );
  if (kind === 'cluster') return;
  const { db = 0 } = redis.options;
  // The client goes on with database 0 where the one that it was told to use does not exist.
  if (db !== 0)
    await redis
      .select(db)
      .catch((error: unknown) => refuse(`has no database ${db}, which REDIS_URL names`, error));
}

const schemeOf = (url: string): string => (/^rediss/i.test(url) ? 'rediss' : 'redis');
