export { type AddressKind, addressKind } from './gate/addresses.ts';
export type { Answer, AskUser, Destination, NetworkProtocol } from './gate/destination.ts';
export {
  type DomainPattern,
  type DomainRules,
  formatPattern,
  matchesAny,
  type ParsedPattern,
  parsePattern,
} from './gate/domain-rules.ts';
export type {
  Gate,
  GateOptions,
  HostRuleVerdict,
  NetworkRules,
  RefusalReason,
  Verdict,
} from './gate/gate.ts';
export { formatHostAndPort, parseHost, parseHostAndPort } from './gate/host.ts';
export type { Resolver } from './gate/resolve.ts';
export { loadProxy } from './load-proxy.ts';
export { proxyEnvironment } from './proxy/environment.ts';
export type { ProxyLimits } from './proxy/limits.ts';
export type { NetworkProxy, ProxyOptions } from './proxy/proxy.ts';
