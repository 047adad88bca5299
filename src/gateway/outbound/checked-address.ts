import type { LookupAddress } from 'node:dns';
import net, { type LookupFunction } from 'node:net';
import { Agent } from 'undici';
import { isPublicAddress } from './public-address.ts';
import { createNameResolver, createSystemResolver, type ResolveName } from './resolve-name.ts';

/**
 * A client may make this server open an address, so the address must not lead into the server's own network.
 * The literal is checked by `checkedUrl`, and every address that a name resolves to is checked where the
 * connection is made, so that a name cannot change between check and use.
 */

/** Why an address is not opened; may be told to the client. */
export class Refusal extends Error {}

const publicPorts = ['', '80', '443'];
/** Name servers that answer at all do so far sooner. */
const mostNameMs = 4000;

function namesOf(hosts: readonly string[]): ReadonlySet<string> {
  return new Set(hosts.map((host) => new URL(`http://${host}`).hostname));
}

/**
 * Whether a list of `host:port` and `host` (its ports 80 and 443) has the host and port that a URL leads to.
 */
function isAllowed({ protocol, hostname, port }: URL, allowedHosts: readonly string[]): boolean {
  const reached = port || (protocol === 'https:' ? '443' : '80');
  return allowedHosts.includes(`${hostname}:${reached}`) || (port === '' && allowedHosts.includes(hostname));
}

/**
 * @param allowedHosts `host:port` pairs that may be private and on any port.
 * @throws Refusal saying what is wrong with the address.
 */
export function checkedUrl(address: string, from: URL | undefined, allowedHosts: readonly string[]): URL {
  const url = URL.parse(address, from?.href);
  if (url === null) throw new Refusal('is not a valid URL');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw new Refusal('is neither http nor https');
  if (url.username !== '' || url.password !== '') throw new Refusal('carries a user name or password');
  if (isAllowed(url, allowedHosts)) return url;
  if (namesOf(allowedHosts).has(url.hostname)) throw new Refusal('is on a port that is not allowed');
  if (!publicPorts.includes(url.port)) throw new Refusal('is on a port other than 80 and 443');
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (net.isIP(host) !== 0 && !isPublicAddress(host)) throw new Refusal('is not on the public internet');
  return url;
}

/** Connects to public addresses and to the allowed hosts' only; for URLs that `checkedUrl` has passed. */
export function checkedAgent(
  allowedHosts: readonly string[],
  timeoutMs: number,
  maxBytes: number,
  resolveStranger: ResolveName = createNameResolver({ timeoutMs: Math.min(timeoutMs, mostNameMs) }),
): Agent {
  const resolveAllowed = createSystemResolver(Math.min(timeoutMs, mostNameMs));
  return new Agent({
    connect: {
      lookup: checkedLookup(namesOf(allowedHosts), resolveAllowed, resolveStranger),
      timeout: timeoutMs,
    },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: maxBytes,
    keepAliveTimeout: 1,
    // The servers are strangers: nothing of HTTP/2 is needed that its larger surface would be worth.
    allowH2: false,
  });
}

/** Runs where a connection is made to a name; a literal address never gets here. */
function checkedLookup(
  allowedNames: ReadonlySet<string>,
  resolveAllowed: ResolveName,
  resolveStranger: ResolveName,
): LookupFunction {
  const resolve = async (hostname: string): Promise<LookupAddress[]> => {
    if (allowedNames.has(hostname)) return await resolveAllowed(hostname);
    const addresses = await resolveStranger(hostname);
    if (addresses.length === 0 || addresses.some(({ address }) => !isPublicAddress(address)))
      throw new Refusal('is not on the public internet');
    return addresses;
  };
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        if (options.all) callback(null, addresses);
        else callback(null, addresses[0]!.address, addresses[0]!.family);
      },
      (error: Error) => callback(error, '', 0),
    );
  };
}
