import { KeelError } from '../../foundation/protocol/index.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The way of a request: straight to the server, or through the HTTP proxy that a variable of the environment names. */
export type ProxyRoute =
  | { readonly type: 'direct' }
  | {
      readonly type: 'proxy';
      /** With its password, if it has one. */
      readonly url: string;
      /** For people: its address without a password, and the variable. */
      readonly label: string;
    };

/** The first variable with a value counts, as curl reads them (curl(1), "ENVIRONMENT"). */
const PROXY_VARIABLES: Readonly<Record<string, readonly string[]>> = {
  'http:': ['http_proxy', 'HTTP_PROXY', 'all_proxy', 'ALL_PROXY'],
  'https:': ['https_proxy', 'HTTPS_PROXY', 'all_proxy', 'ALL_PROXY'],
};
const NO_PROXY_VARIABLES = ['no_proxy', 'NO_PROXY'] as const;
const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };
const HAS_SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
/** The first versions of Node whose HTTP agents can go through a proxy (`proxyEnv` in the documentation of `http.Agent`). */
const PROXY_SINCE: Readonly<Record<number, number>> = { 22: 21, 24: 5 };
const FIRST_MAJOR_WITH_PROXY = 25;

/**
 * How a request reaches its server. This machine is never reached through a proxy: what a local model is asked is nobody else's
 * business, and most proxies refuse it.
 * @throws KeelError `invalidConfig` for a proxy that keel can't use; going around it unasked could be worse than not going
 */
export function proxyRoute(url: URL, env: Environment, nodeVersion: string = process.versions.node): ProxyRoute {
  const variable = (PROXY_VARIABLES[url.protocol] ?? []).find((name) => env[name]);
  const value = variable === undefined ? undefined : env[variable];
  if (variable === undefined || !value) return { type: 'direct' };
  const host = hostOf(url);
  if (isThisMachine(host) || isExcepted(host, url.port || (DEFAULT_PORTS[url.protocol] ?? ''), env)) {
    return { type: 'direct' };
  }
  const proxy = readProxy(value, variable);
  if (!canUseProxies(nodeVersion)) {
    throw unusable(variable, `Node.js ${nodeVersion} can't use a proxy; 22.21 and 24.5 or newer can`);
  }
  return { type: 'proxy', url: proxy.href, label: `${proxy.host} (${variable})` };
}

function readProxy(value: string, variable: string): URL {
  const text = value.trim();
  const named = HAS_SCHEME.test(text) ? text : `http://${text}`;
  const proxy = URL.canParse(named) ? new URL(named) : null;
  if (proxy === null || proxy.host === '') throw unusable(variable, 'its value is not the address of a proxy');
  if (proxy.protocol === 'http:' || proxy.protocol === 'https:') return proxy;
  throw unusable(variable, `${proxy.protocol.slice(0, -1)} proxies are not supported; name an HTTP proxy`);
}

function unusable(variable: string, reason: string): KeelError {
  return new KeelError(
    'invalidConfig',
    `the proxy in ${variable} can't be used: ${reason}, or list the host in NO_PROXY`,
  );
}

function canUseProxies(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major >= FIRST_MAJOR_WITH_PROXY || minor >= (PROXY_SINCE[major] ?? Number.POSITIVE_INFINITY);
}

/** In lower case, without the brackets of an IPv6 address and without the dot at the end. */
function hostOf(url: URL): string {
  return url.hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
}

function isThisMachine(host: string): boolean {
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '::1' ||
    host === '0.0.0.0' ||
    /^127(\.\d+){3}$/.test(host)
  );
}

function isExcepted(host: string, port: string, env: Environment): boolean {
  const variable = NO_PROXY_VARIABLES.find((name) => env[name]);
  const entries = (variable === undefined ? '' : (env[variable] ?? '')).split(/[\s,]+/).filter((entry) => entry !== '');
  return entries.some((entry) => entry === '*' || excepts(entry.toLowerCase(), host, port));
}

/** One entry of NO_PROXY: a name with all below it, an address, or a range of addresses; each with or without a port. */
function excepts(entry: string, host: string, port: string): boolean {
  const { name, wantedPort } = splitEntry(entry);
  if (wantedPort !== null && wantedPort !== port) return false;
  const bare = name.replace(/^\*?\./, '').replace(/\.$/, '');
  return bare === host || host.endsWith(`.${bare}`) || isInRange(host, name);
}

/** An IPv6 address has colons of its own: only in brackets does it have a port. */
function splitEntry(entry: string): { readonly name: string; readonly wantedPort: string | null } {
  const [, bracketed, bracketedPort] = /^\[(.+)\](?::(\d+))?$/.exec(entry) ?? [];
  if (bracketed !== undefined) return { name: bracketed, wantedPort: bracketedPort ?? null };
  const [, name, port] = /^([^:]+):(\d+)$/.exec(entry) ?? [];
  return name === undefined ? { name: entry, wantedPort: null } : { name, wantedPort: port ?? null };
}

/** Ranges are written as `10.0.0.0/8`, `fd00::/8` or `10.0.0.1-10.0.0.9`. */
function isInRange(host: string, range: string): boolean {
  const { BlockList, isIP } = process.getBuiltinModule('node:net');
  const family = isIP(host);
  const [, network = '', bits, last] = /^([^/-]+)(?:\/(\d{1,3})|-(.+))$/.exec(range) ?? [];
  if (family === 0 || isIP(network) !== family) return false;
  const type = family === 6 ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  try {
    if (bits !== undefined) list.addSubnet(network, Number(bits), type);
    else if (last !== undefined) list.addRange(network, last, type);
  } catch {
    // Not a range: too many bits, or its end is before its start.
    return false;
  }
  return list.check(host, type);
}
