import ipaddr from 'ipaddr.js';

/**
 * What counts as one client: an IPv4 address, or the 64-bit network of an IPv6 address, all of which one
 * customer owns.
 * @param ip as a trusted proxy may have told it: a client can write anything there, and nonsense is one
 * client together.
 */
export function clientNetwork(ip: string): string {
  if (!ipaddr.isValid(ip)) return 'unknown';
  // An IPv4 address inside an IPv6 one is that IPv4 address.
  const address = ipaddr.process(ip);
  if (address instanceof ipaddr.IPv4) return address.toString();
  const network = address.parts.slice(0, 4).map((part) => part.toString(16));
  return `${network.join(':')}::/64`;
}
