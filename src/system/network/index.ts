export type { Answer, AskUser, Destination, NetworkProtocol } from './gate/destination.ts';
export { type DomainPattern, formatPattern, parsePattern } from './gate/domain-rules.ts';
export type { Gate, GateOptions, HostRuleVerdict, NetworkRules } from './gate/gate.ts';
export { parseHostAndPort } from './gate/host.ts';
export type { Resolver } from './gate/resolve.ts';
export { offlineEnvironment } from './offline-environment.ts';
export { proxyEnvironment } from './proxy/environment.ts';
export { loadProxy } from './proxy/load-proxy.ts';
export type { NetworkProxy } from './proxy/proxy.ts';
