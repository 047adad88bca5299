import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { Redis } from 'ioredis';
import { askCluster, askSentinel, type Credentials } from './ask-for-master.ts';
import type { Door } from './knock.ts';
import { masterConnector } from './master-connector.ts';
import { parseTopology, type RedisAccess, type RedisAddress, type RedisNode } from './redis-address.ts';

/** The few connection options in use, in a shape that both ioredis and BullMQ take. */
export interface ConnectionSettings {
  retryStrategy: (attempt: number) => number;
  maxRetriesPerRequest: number | null;
  enableOfflineQueue: boolean;
  commandTimeout?: number;
  socketTimeout: number;
}

export interface OpenedRedis {
  readonly redis: Redis;
  /** What it connects to first, for whoever wants to look what stands there. */
  readonly doors: readonly Door[];
}

/** A host that is gone may not even refuse: another is asked for after this long. */
const connectTimeout = 3000;

/**
 * A connection that is given up has this long to end. ioredis waits as long for one that has ended already,
 * and a command line that found no Redis with it.
 */
const disconnectTimeout = 500;

/** The server has handed its work over, or was cut off from the others: there may be a successor. */
const handedOver = /^-?(?:READONLY|MOVED|CLUSTERDOWN|NOREPLICAS)\b/;
/** The slot is on its way to another node; a connection that waits asks again until it is there. */
const onItsWay = /^-?(?:ASK|TRYAGAIN)\b/;

/** Begins to connect to what an address names. @throws Error where a file of its TLS cannot be read. */
export function openRedis(address: RedisAddress, settings: ConnectionSettings): OpenedRedis {
  const opened = begin(address, settings);
  // Each refused command ends the connection once more, and ioredis listens to its end each time.
  opened.redis.on('connect', () => opened.redis.stream.setMaxListeners(0));
  return opened;
}

function begin(address: RedisAddress, settings: ConnectionSettings): OpenedRedis {
  const access: RedisAccess = typeof address === 'string' ? { url: address } : address;
  const topology = parseTopology(access.url);
  const reconnectOnError = ({ message }: Error): 2 | false =>
    (topology === undefined ? /^-?READONLY\b/ : handedOver).test(message) ||
    (settings.enableOfflineQueue && onItsWay.test(message))
      ? 2
      : false;
  // What a client library is called is not worth a right of its own (CLIENT SETINFO).
  const common = { ...settings, reconnectOnError, disconnectTimeout, disableClientInfo: true };
  if (topology === undefined) {
    const isTls = /^rediss:/i.test(access.url);
    const redis = new Redis(location(access.url), { ...common, ...(isTls && { tls: tlsOf(access) }) });
    return { redis, doors: [redis.options] };
  }
  const { kind, nodes, isTls, username, password, db, masterName } = topology;
  const secured = isTls ? { tls: tlsOf(access) } : {};
  const credentials = { ...secured, ...(username && { username }), ...(password && { password }) };
  const { sentinel = {} } = access;
  const own: Credentials =
    kind === 'cluster'
      ? credentials
      : {
          ...secured,
          ...(sentinel.username && { username: sentinel.username }),
          ...(sentinel.password && { password: sentinel.password }),
        };
  const ask = (node: RedisNode) =>
    kind === 'cluster' ? askCluster(node, own) : askSentinel(node, own, masterName);
  const options = { ...common, ...credentials, connectTimeout, db, Connector: masterConnector(nodes, ask) };
  return { redis: new Redis(options), doors: nodes.map((node) => ({ ...node, ...own })) };
}

/** Where one server listens: `redis://`, `unix:/path/redis.sock` or a bare socket path. */
function location(url: string): string {
  if (url.startsWith('unix:')) return url.slice('unix:'.length).replace(/^\/\//, '');
  // TLS is an option of its own, so that certificates can stand beside it.
  return url.replace(/^rediss:/i, 'redis:');
}

function tlsOf({ tls = {} }: RedisAccess): ConnectionOptions {
  const { caFile, certFile, keyFile } = tls;
  return {
    ...(caFile && { ca: readFileSync(caFile) }),
    ...(certFile && { cert: readFileSync(certFile) }),
    ...(keyFile && { key: readFileSync(keyFile) }),
  };
}
