import ipaddr from 'ipaddr.js';

const block = (cidr: string) => ipaddr.IPv6.parseCIDR(cidr);
const globalUnicast = block('2000::/3');
/**
 * Teredo and other protocol assignments, documentation (two blocks), 6to4: inside 2000::/3 but not other
 * people's hosts.
 */
const notHosts = [block('2001::/23'), block('2001:db8::/32'), block('2002::/16'), block('3fff::/20')];

/**
 * Whether an IP address literal belongs to the public internet. IPv6 is taken from an allow-list, because
 * ipaddr.js calls `::127.0.0.1` unicast and because mapped and translated forms of private IPv4 addresses are
 * many.
 */
export function isPublicAddress(address: string): boolean {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return ipaddr.IPv4.parse(address).range() === 'unicast';
  if (!ipaddr.IPv6.isValid(address) || address.includes('%')) return false;
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.match(globalUnicast) && !notHosts.some((each) => parsed.match(each));
}
