export { type AddressKind, addressKind } from './addresses.ts';
export {
  type DomainPattern,
  type DomainRules,
  formatPattern,
  matchesAny,
  type ParsedPattern,
  parsePattern,
} from './domain-rules.ts';
export { proxyEnvironment } from './environment.ts';
export {
  type Answer,
  type AskUser,
  type Destination,
  Gate,
  type GateOptions,
  type HostRuleVerdict,
  type NetworkProtocol,
  type NetworkRules,
  type RefusalReason,
  type Verdict,
} from './gate.ts';
export { formatHostAndPort, parseHost, parseHostAndPort } from './host.ts';
export { type ProxyLimits, proxyLimits } from './limits.ts';
export { NetworkProxy, type ProxyOptions } from './proxy.ts';
export type { Resolver } from './resolve.ts';
