import dns from 'node:dns';

/**
 * Resolving names, within a time limit and without Node's thread pool: `dns.lookup` holds one of its four
 * threads until the name server answers, and everything else in the process that needs one waits.
 */

export type ResolveName = (hostname: string) => Promise<dns.LookupAddress[]>;

export interface ResolveLimits {
  readonly timeoutMs: number;
  /** `address:port` of the name servers; those of the system by default. */
  readonly servers?: readonly string[];
}

class NameTimeout extends Error {
  readonly code = 'ETIMEOUT';
}

/** Asks the name servers for IPv4 and IPv6 addresses; knows no hosts file and no search domains. */
export function createNameResolver({ timeoutMs, servers }: ResolveLimits): ResolveName {
  return async (hostname) => {
    const resolver = new dns.promises.Resolver({ timeout: Math.ceil(timeoutMs / 2), tries: 2 });
    if (servers) resolver.setServers([...servers]);
    const timer = setTimeout(() => resolver.cancel(), timeoutMs);
    try {
      const [v4, v6] = await Promise.allSettled([resolver.resolve4(hostname), resolver.resolve6(hostname)]);
      const found = [
        ...(v4.status === 'fulfilled' ? v4.value.map((address) => ({ address, family: 4 })) : []),
        ...(v6.status === 'fulfilled' ? v6.value.map((address) => ({ address, family: 6 })) : []),
      ];
      if (found.length === 0 && v4.status === 'rejected') throw v4.reason;
      return found;
    } finally {
      clearTimeout(timer);
    }
  };
}

/**
 * Names that the operator has allowed may stand in the hosts file or need a search domain, which only the
 * system's own way knows: one look-up at a time, so that they hold one thread of the pool at most.
 */
export function createSystemResolver(timeoutMs: number): ResolveName {
  const underWay = new Map<string, Promise<dns.LookupAddress[]>>();
  let last: Promise<unknown> = Promise.resolve();
  const lookup = (hostname: string): Promise<dns.LookupAddress[]> => {
    const known = underWay.get(hostname);
    if (known !== undefined) return known;
    const found = last.then(() => dns.promises.lookup(hostname, { all: true }));
    underWay.set(hostname, found);
    last = found.catch(() => undefined).finally(() => underWay.delete(hostname));
    return found;
  };
  return async (hostname) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new NameTimeout(`${hostname} was not resolved in time`)), timeoutMs);
    });
    try {
      return await Promise.race([lookup(hostname), late]);
    } finally {
      clearTimeout(timer);
    }
  };
}
