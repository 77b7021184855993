import { isIPv4 } from 'node:net';
import { domainToASCII } from 'node:url';
import { canonicalAddress } from './addresses.ts';

/** A host and its port as a request or a rule names them, in one form for all their spellings. */
export interface HostAndPort {
  /** A name in ASCII and lower case without a dot at its end, or an address without brackets. */
  readonly host: string;
  readonly port: number | null;
}

const MAX_NAME = 253;
const LABEL = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;
/** What a name can't have; some of it would be decoded or cut off on the way to ASCII. */
const NOT_IN_NAMES = /[\s\p{C}%/\\?#@:<>[\]^|"'`{}*,;=&$!()+~]/u;

/**
 * The one form of a host: case, a dot at the end, other spellings of an address and letters of other scripts make no
 * difference. Null for what isn't a host.
 */
export function parseHost(text: string): string | null {
  if (text.length > MAX_NAME + 2) return null;
  const bare = /^\[(.*)\]$/.exec(text)?.[1];
  if (bare !== undefined || text.includes(':')) return canonicalAddress((bare ?? text).replace(/%[^%]*$/, ''));
  if (NOT_IN_NAMES.test(text)) return null;
  const name = domainToASCII(text).toLowerCase().replace(/\.$/, '');
  if (isIPv4(name)) return name;
  const labels = name.split('.');
  const isNumber = /^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '');
  return name.length <= MAX_NAME && !isNumber && labels.every((label) => LABEL.test(label)) ? name : null;
}

/** `host`, `host:port`, `[address]:port`, or an address alone. Null for anything else. */
export function parseHostAndPort(text: string): HostAndPort | null {
  const alone = text.includes('::') || text.split(':').length > 2 ? parseHost(text) : null;
  if (alone !== null) return { host: alone, port: null };
  const [, name = text, digits] = /^(.*):(\d{1,5})$/s.exec(text) ?? [];
  const host = digits !== undefined && name.includes(':') && !name.startsWith('[') ? null : parseHost(name);
  if (host === null) return null;
  if (digits === undefined) return { host, port: null };
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? { host, port } : null;
}

/** With brackets where an address needs them. */
export function formatHostAndPort(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** An address from its 4 or 16 bytes. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  return (Buffer.from(bytes).toString('hex').match(/.{4}/g) ?? []).join(':');
}
