import {
  type Destination,
  type HostRuleVerdict,
  type NetworkProtocol,
  parseHostAndPort,
} from '../../../system/network/index.ts';
import { DECISIONS, type RuleDecision } from './decision.ts';
import { type RuleCall, RuleFault, type RuleValue } from './read-calls.ts';

/** What to do with connections to a host, at whatever port. */
export interface HostRule {
  /** Normalised by `parseHost`. */
  readonly host: string;
  /** Null: a protocol that keel's proxy does not support. */
  readonly protocol: NetworkProtocol | null;
  readonly decision: RuleDecision;
  readonly justification: string | null;
}

const ARGUMENTS = ['host', 'protocol', 'decision', 'justification'];
const PROTOCOLS = new Map<string, NetworkProtocol | null>([
  ['http', 'http'],
  ['https', 'https'],
  ['https_connect', 'https'],
  ['http-connect', 'https'],
  ['socks5_tcp', 'socks5'],
  ['socks5_udp', null],
]);
const WRITTEN = { http: 'http', https: 'https', socks5: 'socks5_tcp' } as const;

/** The rule of one `network_rule` call. @throws RuleFault */
export function hostRule(call: RuleCall): HostRule {
  for (const name of call.arguments.keys()) {
    if (!ARGUMENTS.includes(name)) throw new RuleFault(`network_rule has no argument ${name}`, call.line);
  }
  const text = (name: string) => textOf(call, name, call.arguments.get(name));
  const parsed = parseHostAndPort(text('host') ?? '');
  if (parsed === null) throw new RuleFault('host has to be the name of a host, or an address', call.line);
  const protocol = PROTOCOLS.get(text('protocol') ?? '');
  if (protocol === undefined) {
    throw new RuleFault(`protocol has to be one of ${[...PROTOCOLS.keys()].join(', ')}`, call.line);
  }
  const word = text('decision') ?? 'allow';
  const decision = word === 'deny' ? 'forbidden' : DECISIONS.find((known) => known === word);
  if (decision === undefined) throw new RuleFault(`decision has to be one of ${DECISIONS.join(', ')}, deny`, call.line);
  return { host: parsed.host, protocol, decision, justification: text('justification') };
}

/** The verdict of the rules on a destination: the strictest match counts. */
export function judgeHost(rules: readonly HostRule[], { host, protocol }: Destination): HostRuleVerdict {
  const matching = rules.filter((rule) => rule.host === host && rule.protocol === protocol);
  const decision = DECISIONS.findLast((known) => matching.some((rule) => rule.decision === known));
  if (decision === undefined) return { type: 'none' };
  if (decision === 'allow') return { type: 'allowed' };
  const reason = matching.find((rule) => rule.decision === decision && rule.justification !== null)?.justification;
  return { type: decision, reason: reason ?? null };
}

/** The line that allows a host for good. */
export function hostRuleLine(host: string, protocol: NetworkProtocol): string {
  return `network_rule(host=${JSON.stringify(host)}, protocol="${WRITTEN[protocol]}", decision="allow")`;
}

/** What such a line will allow, for a person to see before it is kept. */
export function hostRuleMatches(host: string, protocol: NetworkProtocol): string[] {
  const ways = {
    http: 'plain HTTP',
    https: 'HTTPS, and whatever else goes through a tunnel,',
    socks5: 'SOCKS',
  } as const;
  return [`${ways[protocol]} to ${host} at every port`];
}

function textOf({ line }: RuleCall, name: string, value: RuleValue | undefined): string | null {
  if (value === undefined) return null;
  if (typeof value !== 'string' || value.trim() === '') throw new RuleFault(`${name} has to be a text`, line);
  return value;
}
