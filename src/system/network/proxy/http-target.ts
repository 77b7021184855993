import type { IncomingMessage } from 'node:http';
import { formatHostAndPort, parseHostAndPort } from '../gate/host.ts';

export interface TunnelTarget {
  readonly host: string;
  readonly port: number;
}

export interface FoundTarget extends TunnelTarget {
  readonly type: 'target';
  /** Value of `Host` for the server behind it. */
  readonly authority: string;
  /** With its query. */
  readonly path: string;
}

export type RequestTarget =
  | FoundTarget
  /** What is wrong with the request. */
  | { readonly type: 'fault'; readonly message: string };

const HTTP_PORT = 80;

/** What CONNECT asks for: always with a port. */
export function tunnelTarget(text: string): TunnelTarget | null {
  const parsed = parseHostAndPort(text);
  return parsed === null || parsed.port === null ? null : { host: parsed.host, port: parsed.port };
}

/** Where a plain request goes: its whole URL is in its first line, and `Host` has to say the same. */
export function requestTarget({ url = '', rawHeaders }: Pick<IncomingMessage, 'url' | 'rawHeaders'>): RequestTarget {
  if (url.startsWith('/')) return fault('this is a proxy: it takes requests with a whole URL');
  if (/^https:/i.test(url)) return fault('for https this proxy takes CONNECT');
  const [, authority, rest = ''] = /^http:\/\/([^/?#]*)([/?][^#]*)?$/i.exec(url) ?? [];
  const target = authority === undefined ? null : withPort(authority);
  if (target === null) return fault('the URL names no host that can be understood');
  const hosts = rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === 'host');
  if (hosts.length > 1) return fault('there is more than one Host');
  const [named] = hosts;
  const namedTarget = named === undefined ? target : withPort(named);
  if (namedTarget?.host !== target.host || namedTarget.port !== target.port) {
    return fault('the URL and Host name different hosts');
  }
  const isUsual = target.port === HTTP_PORT;
  return {
    type: 'target',
    ...target,
    authority: isUsual ? formatHostAndPort(target.host, 0).slice(0, -2) : formatHostAndPort(target.host, target.port),
    path: rest.startsWith('/') ? rest : `/${rest}`,
  };
}

function withPort(text: string): TunnelTarget | null {
  const parsed = parseHostAndPort(text.replace(/:$/, ''));
  return parsed === null ? null : { host: parsed.host, port: parsed.port ?? HTTP_PORT };
}

function fault(message: string): RequestTarget {
  return { type: 'fault', message: `keel refused this request: ${message}.` };
}
