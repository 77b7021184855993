export { addressKind } from './gate/addresses.ts';
export type { Answer, AskUser, Destination, NetworkProtocol } from './gate/destination.ts';
export { type DomainPattern, formatPattern, matchesAny, parsePattern } from './gate/domain-rules.ts';
export type { Gate, GateOptions, HostRuleVerdict, NetworkRules } from './gate/gate.ts';
export { parseHost, parseHostAndPort } from './gate/host.ts';
export type { Resolver } from './gate/resolve.ts';
export { proxyEnvironment } from './proxy/environment.ts';
export { loadProxy } from './proxy/load-proxy.ts';
export type { NetworkProxy } from './proxy/proxy.ts';
