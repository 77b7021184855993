import { isIP } from 'node:net';
import { formatHostAndPort, parseHostAndPort } from './host.ts';

/** Hosts that one entry of a list matches. */
export interface DomainPattern {
  /** `exact`: this host. `below`: what ends in it, not it itself (`*.host`). `within`: both (`**.host`). */
  readonly type: 'exact' | 'below' | 'within';
  readonly host: string;
  /** Null: every port. */
  readonly port: number | null;
}

export type ParsedPattern =
  | { readonly type: 'pattern'; readonly pattern: DomainPattern }
  /** What an entry should be. */
  | { readonly type: 'fault'; readonly message: string };

export interface DomainRules {
  readonly allowed: readonly DomainPattern[];
  /** Beat the allowed ones. */
  readonly denied: readonly DomainPattern[];
}

const STARTS = [
  ['**.', 'within'],
  ['*.', 'below'],
  ['', 'exact'],
] as const;

/** One entry of a list. Never throws; what can't be understood matches nothing. */
export function parsePattern(text: string): ParsedPattern {
  const trimmed = text.trim();
  const [start, type] = STARTS.find(([begin]) => trimmed.startsWith(begin)) ?? ['', 'exact'];
  const parsed = parseHostAndPort(trimmed.slice(start.length));
  if (parsed === null || (type !== 'exact' && isIP(parsed.host) !== 0)) {
    return {
      type: 'fault',
      message:
        'a host such as example.com, *.example.com (what is below it) or **.example.com (both), perhaps with :port',
    };
  }
  return { type: 'pattern', pattern: { type, ...parsed } };
}

/** A pattern as it would be written in a list. */
export function formatPattern({ type, host, port }: DomainPattern): string {
  const start = STARTS.find(([, known]) => known === type)?.[0] ?? '';
  return `${start}${port === null ? host : formatHostAndPort(host, port)}`;
}

/** Whether one of the patterns matches a host, which is in its one form (`parseHost`). */
export function matchesAny(patterns: readonly DomainPattern[], host: string, port: number): boolean {
  return patterns.some((pattern) => matches(pattern, host, port));
}

/** Whether a host is named itself, by the whole of its name. */
export function names(patterns: readonly DomainPattern[], host: string, port: number): boolean {
  return patterns.some((pattern) => pattern.type !== 'below' && pattern.host === host && fitsPort(pattern, port));
}

function matches(pattern: DomainPattern, host: string, port: number): boolean {
  if (!fitsPort(pattern, port)) return false;
  const isBelow = isIP(host) === 0 && host.endsWith(`.${pattern.host}`);
  switch (pattern.type) {
    case 'exact':
      return host === pattern.host;
    case 'below':
      return isBelow;
    case 'within':
      return isBelow || host === pattern.host;
  }
}

function fitsPort(pattern: DomainPattern, port: number): boolean {
  return pattern.port === null || pattern.port === port;
}
