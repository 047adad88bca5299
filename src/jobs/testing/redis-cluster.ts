import { freePort } from '../../testing/free-port.ts';
import { type RedisNode, startRedisNodes, until } from './redis-node.ts';

/** A Redis Cluster of a test's own on this machine. */
export interface TestCluster extends AsyncDisposable {
  /** For `connect`: `redis+cluster://` with all nodes. */
  readonly url: string;
  readonly nodes: readonly RedisNode[];
  /** Where ca.crt lies, the authority of its certificates. */
  readonly directory: string;
  /** The node that takes writes of this service now. */
  owner(): Promise<RedisNode>;
}

const slots = 16_384;

/**
 * Each master has an equal share of the slots, and one replica where wanted.
 * @param nodeTimeoutMs a master that does not answer for this long is replaced.
 */
export async function startTestCluster(
  { masters = 3, replicas = true, nodeTimeoutMs = 500, isTls = false } = {},
  extraArguments: readonly string[] = [],
): Promise<TestCluster> {
  const all = await startRedisNodes(isTls);
  const add = async () =>
    await all.add([
      ...['--cluster-enabled', 'yes', '--cluster-port', String(await freePort())],
      ...['--cluster-node-timeout', String(nodeTimeoutMs), ...extraArguments],
    ]);
  try {
    const nodes: RedisNode[] = [];
    for (let i = 0; i < masters * (replicas ? 2 : 1); i++) nodes.push(await add());
    const ids = await Promise.all(nodes.map(async (node) => String(await node.ask('CLUSTER', 'MYID'))));
    const buses = await Promise.all(nodes.map(async (node) => await busPortOf(node)));
    await Promise.all(nodes.map((node, i) => node.ask('CLUSTER', 'SET-CONFIG-EPOCH', i + 1)));
    const edge = (i: number) => Math.round((slots * i) / masters);
    for (let i = 0; i < masters; i++)
      await nodes[i]!.ask('CLUSTER', 'ADDSLOTSRANGE', edge(i), edge(i + 1) - 1);
    for (const [i, node] of nodes.entries())
      for (const other of nodes.slice(i + 1))
        await other.ask('CLUSTER', 'MEET', '127.0.0.1', node.port, buses[i]!);
    const knows = async (node: RedisNode, id: string) =>
      String(await node.ask('CLUSTER', 'NODES')).includes(id);
    for (const node of nodes) for (const id of ids) await until(() => knows(node, id));
    if (replicas)
      for (let i = 0; i < masters; i++) await nodes[masters + i]!.ask('CLUSTER', 'REPLICATE', ids[i]!);
    const isOk = async (node: RedisNode) =>
      String(await node.ask('CLUSTER', 'INFO')).includes('cluster_state:ok');
    for (const node of nodes) await until(() => isOk(node));
    if (replicas)
      for (const node of nodes.slice(masters))
        await until(async () =>
          String(await node.ask('INFO', 'replication')).includes('master_link_status:up'),
        );
    return {
      directory: all.directory,
      url: `${isTls ? 'rediss' : 'redis'}+cluster://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
      nodes,
      owner: () => ownerOf(nodes),
      [Symbol.asyncDispose]: all.remove,
    };
  } catch (error) {
    await all.remove();
    throw error;
  }
}

async function busPortOf(node: RedisNode): Promise<number> {
  const reply = (await node.ask('CONFIG', 'GET', 'cluster-port')) as string[] | Record<string, string>;
  return Number(Array.isArray(reply) ? reply[1] : reply['cluster-port']);
}

/** Asked of the nodes themselves: the one that says that it is the master of the slot. */
async function ownerOf(nodes: readonly RedisNode[]): Promise<RedisNode> {
  for (;;)
    for (const node of nodes) {
      // A node that has not the slot says MOVED, a dead one nothing.
      const answer = await node.ask('EXISTS', '{sdxl}:x').catch(() => undefined);
      if (answer !== undefined) return node;
    }
}
