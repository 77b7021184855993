import { type BlockList, isIPv4, isIPv6 } from 'node:net';

/**
 * What an address leads to. `loopback` and `private`: this machine and its neighbours. `special`: whatever else is no place
 * of the public internet: link-local with the services that hand out a machine's credentials, multicast, unspecified,
 * reserved, for documentation.
 */
export type AddressKind = 'public' | 'loopback' | 'private' | 'special';

type Range = readonly [network: string, bits: number];

const LOOPBACK: readonly Range[] = [['127.0.0.0', 8]];
const PRIVATE: readonly Range[] = [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  // Shared by providers' customers, and by overlay networks.
  ['100.64.0.0', 10],
];
const SPECIAL: readonly Range[] = [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // A cloud's own service for its machines, by an address that looks public, and one among the shared addresses.
  ['168.63.129.16', 32],
  ['100.100.100.200', 32],
];
const LOOPBACK_6: readonly Range[] = [['::1', 128]];
const PRIVATE_6: readonly Range[] = [['fc00::', 7]];
/** Only this part of the address space has been given out to the internet; what in it is for other use is taken back. */
const PUBLIC_6: readonly Range[] = [['2000::', 3]];
const SPECIAL_6: readonly Range[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  // Carry an IPv4 address to which they are sent on.
  ['2002::', 16],
  ['3fff::', 20],
  // A cloud's service for its machines.
  ['fd00:ec2::', 32],
];

function makeLists() {
  return {
    v4: { loopback: list(LOOPBACK), private: list(PRIVATE), special: list(SPECIAL) },
    v6: { loopback: list(LOOPBACK_6), private: list(PRIVATE_6), public: list(PUBLIC_6), special: list(SPECIAL_6) },
  };
}

/** Made when the first address is judged. */
let lists: ReturnType<typeof makeLists> | null = null;

/** What an address in any spelling leads to; `special` for what is none. */
export function addressKind(address: string): AddressKind {
  const canonical = canonicalAddress(address);
  if (canonical === null) return 'special';
  lists ??= makeLists();
  const { v4, v6 } = lists;
  if (isIPv4(canonical)) {
    if (v4.special.check(canonical)) return 'special';
    if (v4.loopback.check(canonical)) return 'loopback';
    return v4.private.check(canonical) ? 'private' : 'public';
  }
  const translated = translatedV4(canonical);
  if (translated !== null) return addressKind(translated);
  if (v6.special.check(canonical, 'ipv6')) return 'special';
  if (v6.loopback.check(canonical, 'ipv6')) return 'loopback';
  if (v6.private.check(canonical, 'ipv6')) return 'private';
  return v6.public.check(canonical, 'ipv6') ? 'public' : 'special';
}

/** The one spelling of an address; an IPv4 address mapped into IPv6 is that IPv4 address. Null for what is none. */
export function canonicalAddress(text: string): string | null {
  if (isIPv4(text)) return text;
  if (!isIPv6(text) || text.includes('%')) return null;
  const short = new URL(`http://[${text}]/`).hostname.slice(1, -1);
  return groupsOf(short).slice(0, 6).join() === '0,0,0,0,0,65535' ? lastAsV4(short) : short;
}

/** An address in its one spelling, with the IPv4 address that it is translated to. A name is only itself. */
export function withTranslated(host: string): readonly string[] {
  const translated = isIPv6(host) ? translatedV4(host) : null;
  return translated === null ? [host] : [host, translated];
}

/** The IPv4 address behind one of the addresses by which IPv6-only networks reach IPv4 (64:ff9b::/96). */
function translatedV4(address: string): string | null {
  return groupsOf(address).slice(0, 6).join() === `${0x64},${0xff9b},0,0,0,0` ? lastAsV4(address) : null;
}

function lastAsV4(address: string): string {
  return groupsOf(address)
    .slice(6)
    .flatMap((group) => [group >> 8, group & 0xff])
    .join('.');
}

/** The eight 16-bit groups of an IPv6 address in its short form. */
function groupsOf(address: string): number[] {
  const [head = '', tail] = address.split('::');
  const parse = (text: string) => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const [start, end] = [parse(head), parse(tail ?? '')];
  const gap = tail === undefined ? 0 : Math.max(0, 8 - start.length - end.length);
  return [...start, ...new Array<number>(gap).fill(0), ...end];
}

function list(ranges: readonly Range[]): BlockList {
  // Loaded here: most sessions judge no address.
  const { BlockList } = process.getBuiltinModule('node:net');
  const found = new BlockList();
  for (const [network, bits] of ranges) found.addSubnet(network, bits, isIPv4(network) ? 'ipv4' : 'ipv6');
  return found;
}
