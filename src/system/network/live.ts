export { Gate } from './gate/gate.ts';
export { NetworkProxy } from './proxy/proxy.ts';
