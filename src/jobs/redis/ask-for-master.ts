import type { ConnectionOptions } from 'node:tls';
import { Redis } from 'ioredis';
import type { View } from './master-connector.ts';
import type { RedisNode } from './redis-address.ts';

/** With what a node of a cluster, or a Sentinel, is asked. */
export interface Credentials {
  readonly username?: string;
  readonly password?: string;
  readonly tls?: ConnectionOptions;
}

/** One that does not answer within this is passed over. */
const answerMs = 1000;
/** Of every key of this service: what `CLUSTER KEYSLOT` says of `keyTag`. */
const slot = 13_016;

async function once<Answer>(
  node: RedisNode,
  credentials: Credentials,
  question: (client: Redis) => Promise<Answer>,
): Promise<Answer> {
  const client = new Redis({
    ...{ ...node, ...credentials },
    ...{ retryStrategy: null, enableReadyCheck: false, maxRetriesPerRequest: 0, protocol: 2 },
    disableClientInfo: true,
    ...{ connectTimeout: answerMs, commandTimeout: answerMs },
  });
  // What goes wrong while it connects says more than that the command could not be sent.
  const failed = new Promise<never>((_, reject) => client.on('error', reject));
  try {
    return await Promise.race([question(client), failed]);
  } finally {
    failed.catch(() => undefined);
    client.disconnect();
  }
}

type Slots = readonly [first: number, last: number, ...nodes: [host: string | null, port: number][]][];

/** Which node of a cluster has the slot of this service's keys. */
export async function askCluster(node: RedisNode, credentials: Credentials): Promise<View> {
  return await once(node, credentials, async (client) => {
    const slots = (await client.cluster('SLOTS')) as unknown as Slots;
    // A node that does not know its own address, or the name of another, leaves it out.
    const places = ([, , ...found]: Slots[number]): RedisNode[] =>
      found.map(([host, port]) => ({ host: !host || host === '?' ? node.host : host, port }));
    const range = slots.find(([first, last]) => first <= slot && slot <= last);
    if (range === undefined) throw new Error(`CLUSTERDOWN no node has slot ${slot}`);
    return { master: places(range)[0]!, nodes: slots.flatMap(places) };
  });
}

/** Which server a Sentinel takes for the master of that name. */
export async function askSentinel(node: RedisNode, credentials: Credentials, name: string): Promise<View> {
  return await once(node, credentials, async (client) => {
    const [place, others] = (await Promise.all([
      client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name),
      client.call('SENTINEL', 'SENTINELS', name).catch(() => []),
    ])) as [[string, string] | null, string[][]];
    if (place === null) throw new Error(`No such master with that name (${await watchedBy(client)})`);
    const field = (fields: readonly string[], what: string) => fields[fields.indexOf(what) + 1]!;
    const nodes = others.map((fields) => ({
      host: field(fields, 'ip'),
      port: Number(field(fields, 'port')),
    }));
    return { master: { host: place[0], port: Number(place[1]) }, nodes };
  }).catch((cause: Error) => {
    throw new Error(`Sentinel: ${cause.message}`, { cause });
  });
}

/** What a Sentinel calls the masters that it watches, in words. */
export async function watchedBy(sentinel: Redis): Promise<string> {
  const found = await sentinel.call('SENTINEL', 'MASTERS').catch(() => []);
  const names = (found as string[][]).map((fields) => fields[fields.indexOf('name') + 1]);
  return names.length === 0 ? 'it watches none' : `it watches ${names.join(', ')}`;
}
