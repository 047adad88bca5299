import { setTimeout } from 'node:timers/promises';
import { startTestCluster, type TestCluster } from '../../../src/jobs/testing/redis-cluster.ts';
import type { RedisNode } from '../../../src/jobs/testing/redis-node.ts';
import { startTestSentinels, type TestSentinels } from '../../../src/jobs/testing/redis-sentinels.ts';
import type { FaultRow } from '../fault-row.ts';
import { type Service, startService } from '../service.ts';
import { intoSubmits } from './gateway-and-redis.ts';

/** Servers that replace one another, with real replication between them. */

type On<Servers> = Service & { readonly servers: Servers };

async function serviceOn<Servers extends AsyncDisposable & { readonly url: string }>(
  servers: Servers,
): Promise<On<Servers>> {
  const service = await startService(servers.url);
  return {
    ...{ ...service, servers },
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]();
      await servers[Symbol.asyncDispose]();
    },
  };
}

const onCluster = async () => await serviceOn(await startTestCluster({ nodeTimeoutMs: 2000 }));
const onSentinels = async () => await serviceOn(await startTestSentinels({ downAfterMs: 1000 }));
/** The load goes on while the successor is chosen. */
const spacingMs = 40;
const times = { full: 10, quick: 0 };

function row<Servers>(
  name: string,
  fault: string,
  start: () => Promise<On<Servers>>,
  strike: (servers: Servers) => Promise<unknown>,
): FaultRow {
  return {
    ...{ name, fault, times, boundMs: 10_000 },
    trial: () =>
      intoSubmits(
        start,
        async ({ servers }, gateway) => {
          await strike(servers);
          return gateway;
        },
        spacingMs,
      ),
  };
}

export const failOvers: readonly FaultRow[] = [
  row(
    'cluster-master-killed',
    'cluster of 6: master killed during 50 submits (cluster-node-timeout 2000)',
    onCluster,
    async ({ owner }: TestCluster) => await (await owner()).kill(),
  ),
  row(
    'cluster-switched',
    'cluster of 6: master and replica change places during 50 submits (CLUSTER FAILOVER)',
    onCluster,
    switchOver,
  ),
  row(
    'cluster-slot-moved',
    'cluster of 6: the slot moves to another master during 50 submits, a key at a time',
    onCluster,
    moveSlot,
  ),
  row(
    'sentinel-master-killed',
    '3 Sentinels: master of 2 replicas killed during 50 submits (down-after-milliseconds 1000)',
    onSentinels,
    async ({ master }: TestSentinels) => await (await master()).kill(),
  ),
  row(
    'sentinel-switched',
    '3 Sentinels: master replaced during 50 submits (SENTINEL FAILOVER)',
    onSentinels,
    async ({ sentinels }: TestSentinels) => await sentinels[0]!.ask('SENTINEL', 'FAILOVER', 'queue'),
  ),
];

const idOf = async (node: RedisNode): Promise<string> => String(await node.ask('CLUSTER', 'MYID'));

async function switchOver({ nodes, owner }: TestCluster): Promise<void> {
  const before = await owner();
  const id = await idOf(before);
  for (const node of nodes) {
    const own = String(await node.ask('CLUSTER', 'NODES'))
      .split('\n')
      .find((line) => line.includes('myself'));
    if (own?.includes(`slave ${id}`)) await node.ask('CLUSTER', 'FAILOVER');
  }
  while ((await owner()) === before) await setTimeout(10);
}

/** As `redis-cli --cluster reshard` does it. */
async function moveSlot({ nodes, owner }: TestCluster): Promise<void> {
  const from = await owner();
  const slot = Number(await from.ask('CLUSTER', 'KEYSLOT', '{sdxl}'));
  const masters: RedisNode[] = [];
  for (const node of nodes)
    if (String(await node.ask('INFO', 'replication')).includes('role:master')) masters.push(node);
  const to = masters.find((node) => node !== from)!;
  await to.ask('CLUSTER', 'SETSLOT', slot, 'IMPORTING', await idOf(from));
  await from.ask('CLUSTER', 'SETSLOT', slot, 'MIGRATING', await idOf(to));
  for (;;) {
    const keys = (await from.ask('CLUSTER', 'GETKEYSINSLOT', slot, 10)) as string[];
    if (keys.length === 0) break;
    for (const key of keys) await from.ask('MIGRATE', '127.0.0.1', to.port, key, 0, 5000);
  }
  // The new owner first, so that no moment is without one.
  for (const node of [to, from, ...masters.filter((each) => each !== from && each !== to)])
    await node.ask('CLUSTER', 'SETSLOT', slot, 'NODE', await idOf(to));
}
