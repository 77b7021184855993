export { type AddressKind, addressKind } from './addresses.ts';
export type { Answer, AskUser, Destination, NetworkProtocol } from './destination.ts';
export {
  type DomainPattern,
  type DomainRules,
  formatPattern,
  matchesAny,
  type ParsedPattern,
  parsePattern,
} from './domain-rules.ts';
export { proxyEnvironment } from './environment.ts';
export type {
  Gate,
  GateOptions,
  HostRuleVerdict,
  NetworkRules,
  RefusalReason,
  Verdict,
} from './gate.ts';
export { formatHostAndPort, parseHost, parseHostAndPort } from './host.ts';
export type { ProxyLimits } from './limits.ts';
export { loadProxy } from './load-proxy.ts';
export type { NetworkProxy, ProxyOptions } from './proxy.ts';
export type { Resolver } from './resolve.ts';
