/** Where the queue lives, as REDIS_URL has it: one server, a trio of Sentinels, or the nodes of a cluster. */

/** REDIS_URL, or that with what stands beside it. */
export type RedisAddress = string | RedisAccess;

export interface RedisAccess {
  readonly url: string;
  /** Files in PEM; undefined: the authorities that Node knows, and no certificate of the client. */
  readonly tls?: {
    readonly caFile?: string | undefined;
    readonly certFile?: string | undefined;
    readonly keyFile?: string | undefined;
  };
  /** What Sentinels themselves ask for; the credentials in the URL are those of the servers they watch. */
  readonly sentinel?: { readonly username?: string | undefined; readonly password?: string | undefined };
}

/** The settings that say how Redis is reached; `Config` is one. */
export interface RedisSettings {
  readonly redisUrl: string | undefined;
  readonly redisTlsCa: string | undefined;
  readonly redisTlsCert: string | undefined;
  readonly redisTlsKey: string | undefined;
  readonly redisSentinelUsername: string | undefined;
  readonly redisSentinelPassword: string | undefined;
}

/** Undefined where no Redis is named. */
export function redisAddressOf(settings: RedisSettings): RedisAccess | undefined {
  if (settings.redisUrl === undefined) return undefined;
  return {
    url: settings.redisUrl,
    tls: { caFile: settings.redisTlsCa, certFile: settings.redisTlsCert, keyFile: settings.redisTlsKey },
    sentinel: { username: settings.redisSentinelUsername, password: settings.redisSentinelPassword },
  };
}

export interface RedisNode {
  readonly host: string;
  readonly port: number;
}

/** Several servers that replace one another. */
export interface RedisTopology {
  readonly kind: 'sentinel' | 'cluster';
  /** Sentinels, or some nodes of the cluster. */
  readonly nodes: readonly RedisNode[];
  readonly isTls: boolean;
  /** Of the servers that hold the data. */
  readonly username?: string;
  readonly password?: string;
  /** What the Sentinels call the server that takes the writes; empty for a cluster. */
  readonly masterName: string;
  readonly db: number;
}

const topologyUrl = /^(rediss?)[+-](sentinel|cluster):\/\/(?:(.*)@)?([^/@?#]+)((?:\/[^/?#]*){0,2})\/?$/is;
const nodeForm = /^(?:\[([0-9a-f:]+)\]|([^[\]:\s]+))(?::(\d{1,5}))?$/i;

/**
 * Reads `redis+sentinel://[user:password@]host:port,host:port/master-name/db` and
 * `redis+cluster://[user:password@]host:port,host:port`; `rediss` asks for TLS, to Sentinels too. Ports are
 * 26379 and 6379 where none is named. User and password are percent-encoded.
 * @returns undefined for what has none of these forms.
 */
export function parseTopology(url: string): RedisTopology | undefined {
  const [, scheme = '', kindText = '', credentials, hosts = '', way = ''] = topologyUrl.exec(url) ?? [];
  if (scheme === '') return undefined;
  const kind = kindText.toLowerCase() as RedisTopology['kind'];
  const nodes: RedisNode[] = [];
  for (const text of hosts.split(',')) {
    const [, ipv6, name, port] = nodeForm.exec(text.trim()) ?? [];
    const host = ipv6 ?? name;
    const node = { host: host ?? '', port: Number(port ?? (kind === 'sentinel' ? 26_379 : 6379)) };
    if (host === undefined || node.port < 1 || node.port > 65_535) return undefined;
    nodes.push(node);
  }
  const [first = '', second = ''] = way.split('/').slice(1);
  const [masterName, db] = kind === 'sentinel' ? [decoded(first), second] : ['', first];
  if ((kind === 'sentinel') !== (masterName !== '') || !/^\d*$/.test(db)) return undefined;
  if (kind === 'cluster' && second !== '') return undefined;
  const colon = credentials?.indexOf(':') ?? -1;
  const username = decoded(credentials?.slice(0, colon < 0 ? undefined : colon) ?? '');
  const password = colon < 0 ? '' : decoded(credentials!.slice(colon + 1));
  return {
    ...{ kind, nodes, masterName, isTls: scheme.toLowerCase() === 'rediss', db: Number(db) },
    ...(username !== '' && { username }),
    ...(password !== '' && { password }),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
