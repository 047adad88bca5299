import { type RedisNode, startRedisNodes, until } from './redis-node.ts';

/** Servers that replicate one another, and the Sentinels that watch them. */
export interface TestSentinels extends AsyncDisposable {
  /** For `connect`: `redis+sentinel://` with all Sentinels and the name `queue`. */
  readonly url: string;
  readonly servers: readonly RedisNode[];
  readonly sentinels: readonly RedisNode[];
  /** Where ca.crt lies, the authority of their certificates. */
  readonly directory: string;
  /** The server that takes writes now. */
  master(): Promise<RedisNode>;
}

/**
 * One master, its replicas, and Sentinels of whom more than half decide.
 * @param downAfterMs a master that does not answer for this long is replaced.
 */
export async function startTestSentinels(
  { replicas = 2, sentinels = 3, downAfterMs = 300, isTls = false } = {},
  extraArguments: readonly string[] = [],
): Promise<TestSentinels> {
  const all = await startRedisNodes(isTls);
  try {
    const master = await all.add(extraArguments);
    const servers = [master];
    for (let i = 0; i < replicas; i++)
      servers.push(await all.add(['--replicaof', `127.0.0.1 ${master.port}`, ...extraArguments]));
    for (const node of servers.slice(1))
      await until(async () =>
        String(await node.ask('INFO', 'replication')).includes('master_link_status:up'),
      );
    const file = [
      `sentinel monitor queue 127.0.0.1 ${master.port} ${Math.floor(sentinels / 2) + 1}`,
      `sentinel down-after-milliseconds queue ${downAfterMs}`,
      'sentinel failover-timeout queue 2000',
      ...servers.slice(1).map(({ port }) => `sentinel known-replica queue 127.0.0.1 ${port}`),
    ].join('\n');
    const watchers: RedisNode[] = [];
    for (let i = 0; i < sentinels; i++) watchers.push(await all.add(['--sentinel'], `${file}\n`));
    for (const watcher of watchers)
      await until(async () => {
        const info = String(await watcher.ask('INFO', 'sentinel'));
        return info.includes(`status=ok`) && info.includes(`slaves=${replicas},sentinels=${sentinels}`);
      });
    return {
      directory: all.directory,
      url: `${isTls ? 'rediss' : 'redis'}+sentinel://${watchers.map(({ port }) => `127.0.0.1:${port}`).join(',')}/queue`,
      servers,
      sentinels: watchers,
      master: () => masterOf(servers),
      [Symbol.asyncDispose]: all.remove,
    };
  } catch (error) {
    await all.remove();
    throw error;
  }
}

async function masterOf(servers: readonly RedisNode[]): Promise<RedisNode> {
  for (;;)
    for (const node of servers)
      if (String(await node.ask('INFO', 'replication').catch(() => '')).includes('role:master')) return node;
}
